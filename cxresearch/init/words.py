"""What columns are called: for each role the words that English, German, French, Spanish and Dutch exports use.

Each entry is a regular expression over a name in plain spelling (`plain`); it must begin at the start of a word.
"""

import re
import unicodedata
from functools import cache

# role: (English, German, French, Spanish, Dutch)
WORDS: dict[str, tuple[str, str, str, str, str]] = {
    "response_id": (
        r"resp(onse|ondent|ons)? ?(id|no|nr|number)$|respondents?$|(submission|interview|record|"
        r"answer|case|survey) ?(id|no|number)$",
        r"(antwort|teilnehmer|fragebogen|befragten) ?(id|nr|nummer)$",
        r"(id|no|n|numero|identifiant) ?(de )?(la |l )?reponse|reponse ?id",
        r"(id|numero) ?(de )?(la )?respuesta|respuesta ?id",
        r"(antwoord|respons|respondent) ?(id|nr|nummer)$",
    ),
    "customer_id": (
        r"(cust(omer)?s?|client|user|member(ship)?|subscriber|crm|buyer|patient|guest) ?(id|no|nr|num|"
        r"number|key|code|ref)$"
        r"|(id|no|nr) ?(cust(omer)?|client)$|external ?(data )?ref(erence)?$|customer$",
        r"kunden? ?(id|no|nr|nummer|kennung|schlussel)$|(kd|kdn|mitglieds) ?(nr|nummer|id)$|kunde$",
        r"(id|no|n|num|numero|code|identifiant|ref|reference) ?(de |du )?(client|abonne)$|client$|client ?(numero|no)$",
        r"(id|no|n|num|numero|codigo|clave) ?(de |del )?(cliente|abonado|socio)$|cliente ?(id|no|num)?$",
        r"(klant|relatie|lid|abonnee) ?(id|nr|no|nummer|code)$|klant$",
    ),
    "account_id": (
        r"(account|company|organi[sz]ation|firm|household) ?(id|no|nr|num|number|key|code)?$",
        r"(firmen?|vertragskonto|haushalts?|konto) ?(id|nr|nummer)$",
        r"(id|numero|no|code) ?(de )?(compte|societe|entreprise)$",
        r"(id|numero|codigo) ?(de )?(cuenta|empresa)$",
        r"(bedrijfs?|account) ?(id|nr|nummer)$",
    ),
    "responded_at": (
        r"end ?(date|time)|complet(ed|ion)? ?(at|on|date|time)|date ?(submitted|completed|modified|"
        r"recorded|answered|of response)"
        r"|submit(ted)? ?(date|at|on|time)?$|submission ?(date|time)|recorded ?(date|at)"
        r"|(customer )?(response|answer|survey) ?(date|time)|responded|time ?stamp|date ?stamp|answered|review ?date",
        r"zeitstempel|abgabe|abgeschlossen|abgesendet|beendet|endzeit|(antwort|teilnahme|"
        r"befragungs) ?(datum|zeit)|datum abgeschickt",
        r"horodateur|date (de |d )?(la )?(fin|soumission|reponse|completion|validation)|termine|soumis|repondu",
        r"marca temporal|fecha (de )?(la )?(fin|finalizacion|envio|respuesta|completad)|finalizado|respondid",
        r"tijdstempel|datum (van )?(ingevuld|voltooid|antwoord|respons|invullen|verzending)|einddatum|"
        r"ingevuld op|ingediend",
    ),
    "started_at": (
        r"start ?(ed)? ?(date|time|at|on)?$|date (created|started)|begin|created|opened",
        r"start ?(zeit|datum)|begonnen|beginn|datum gestartet",
        r"date (de )?(debut|lancement|commencement|creation)|commence",
        r"fecha (de )?(inicio|comienzo|creacion)|iniciad|comenzad",
        r"start ?(datum|tijd)|gestart|begonnen|begin|aangemaakt",
    ),
    "invited_at": (
        r"invit(ed|ation) ?(at|on|date|time)?$|sent ?(at|on|date)|send ?(date|time)|mail(ed)? (at|on|date)",
        r"eingeladen|einladung|versand|verschickt",
        r"invite|date (d )?invitation",
        r"invitad|fecha (de )?invitacion",
        r"uitgenodigd|uitnodiging|verstuurd",
    ),
    "since": (
        r"sign ?up|since|(customer|member|client) ?since|join(ed)?|contract ?start|start|regist|"
        r"onboard|activat|acqui|created|opened",
        r"(kunde )?seit|vertragsbeginn|eintritt|anmelde|registrier|beginn|angelegt",
        r"depuis|client depuis|inscription|date (d )?(inscription|adhesion|entree|ouverture|creation|"
        r"debut)|debut|souscription",
        r"(fecha (de )?)?alta|desde|cliente desde|registro|fecha (de )?(registro|inicio|inscripcion)|inscripcion",
        r"sinds|klant sinds|inschrijf|aanmeld|ingangsdatum|startdatum|contract ?start",
    ),
    "churned_at": (
        r"churn(ed)? ?(at|on|date)|cancel(l?ed|lation)? ?(at|on|date)?|end ?date|terminat|closed|left ?(at|on)",
        r"kundigung|gekundigt|kuendig|vertragsende|austritt|ende|abgemeldet",
        r"resili|date (de )?(fin|resiliation|sortie|depart|cloture)|cloture",
        r"(fecha (de )?)?baja|cancel|fecha (de )?(fin|cancelacion)",
        r"opzeg|opgezegd|einddatum|beeindig|afgemeld",
    ),
    "month": (
        r"(billing |invoice )?(month|period|date)|posting|booking",
        r"(abrechnungs|rechnungs|buchungs)?(monat|datum|periode)|zeitraum|leistungsmonat",
        r"mois|periode|date|date (de )?(facture|facturation)",
        r"mes|periodo|fecha|fecha (de )?(factura|facturacion)",
        r"(factuur)?(maand|datum|periode)",
    ),
    "revenue": (
        r"revenue|amount|sales|net|gross|turnover|mrr|spend|spent|value|total|paid|charge|billed|invoiced|income|fee",
        r"umsatz|betrag|erlos|netto|brutto|summe|rechnungs ?betrag|zahlung",
        r"montant|chiffre d affaires?|ca$|ca (ht|ttc|net)|revenu|recette|total|prix",
        r"importe|ingreso|facturacion|ventas?|monto|neto|total",
        r"omzet|bedrag|opbrengst|netto|totaal|inkomsten",
    ),
    "bill_id": (
        r"(invoice|bill|receipt|order|transaction|document) ?(id|no|nr|num|number|ref)$",
        r"(rechnungs?|beleg|auftrags?|buchungs?) ?(id|nr|nummer)$",
        r"(id|no|n|num|numero|ref) ?(de )?(la )?facture|facture ?(id|no|num|numero)$",
        r"(id|no|n|num|numero|folio) ?(de )?(la )?factura|factura ?(id|no|num|numero)$",
        r"factuur ?(id|nr|no|nummer)$",
    ),
    "currency": (
        r"currency|curr$|ccy|iso ?currency",
        r"wahrung|waehrung",
        r"devise|monnaie",
        r"moneda|divisa",
        r"valuta|munt(eenheid)?$",
    ),
    "nps": (
        r"r?t?nps|net ?promoter|recommend|likel(y|ihood)|ltr$|would you refer",
        r"empfehl|empfohlen|empfiehl|weiterempf|wahrscheinlich",
        r"recommand|probab",
        r"recomend|probab|probable",
        r"aanbevel|aanbeveel|aanrad|waarschijnlijk",
    ),
    "recommend": (
        r"r?t?nps|net ?promoter|recommend",
        r"empfehl|empfohlen|weiterempf",
        r"recommand",
        r"recomend",
        r"aanbevel|aanbeveel|aanrad",
    ),
    "csat": (
        r"csat|o?sat$|satisf|(overall|star|service) ?(rating|score)|rating|stars|happy",
        r"(gesamt)?zufrieden|bewertung|sterne",
        r"satisf|note (globale|generale)|evaluation|etoiles",
        r"satisf|valoracion|estrellas",
        r"tevreden|beoordeling|sterren",
    ),
    "ces": (
        r"ces$|ces (score|\d)|customer effort|effort|eas(e|y|ier|ily)$|eas(e|y|ier|ily) |difficult",
        r"\w*aufwand|einfach|leicht|mueh|muhe|schwierig",
        r"effort|facil",
        r"esfuerzo|facil|dificil",
        r"moeite|gemak|makkelijk|eenvoud|inspanning",
    ),
    "overall": (
        r"overall|all in all|in general|general|taking everything|total",
        r"insgesamt|gesamt|alles in allem|generell|im allgemeinen",
        r"globale?|global|dans l ensemble|ensemble|en general|generale",
        r"general|en general|global|en conjunto",
        r"algemeen|over het algemeen|algehele|alles bij elkaar|over het geheel|totaal|al met al",
    ),
    "fcr": (
        r"fcr|resolved|solved|first ?(call|contact)|issue (was )?resol",
        r"gelost|geloest|erledigt|erstlos|erstkontakt",
        r"resolu|probleme resolu|regle",
        r"resuelto|resolvi|resolucion|solucionad",
        r"opgelost|afgehandeld",
    ),
    "verbatim": (
        r"why|comments?|verbatim|reason|feedback|text$|tell us|improve|suggest|review ?(text|body)?$|"
        r"content$|explain|open ?end|remarks?|describe|what could",
        r"warum|weshalb|grund|hauptgrund|kommentar|anmerkung|begrund|verbesser|freitext|bemerkung",
        r"pourquoi|commentaire|raison|amelior|remarque|precisez|suggestion",
        r"por ?que|comentario|motivo|razon|mejorar|sugerencia|opinion",
        r"waarom|opmerking|reden|toelicht|verbeter|suggestie",
    ),
    "touchpoint": (
        r"touch ?point|tp$|journey ?(stage|step)?|interaction ?type|contact ?(reason|type)|"
        r"(survey )?sub ?type|trigger|event ?type",
        r"kontaktpunkt|beruhrungspunkt|anlass|kontakt ?(grund|anlass|art)",
        r"point de contact|etape|parcours|motif (de|du) contact",
        r"punto de contacto|etapa|motivo (de|del) contacto",
        r"contact ?(punt|moment|reden)|klantreis",
    ),
    "mode": (
        r"(distribution |survey |response )?(channel|mode|method)$|collector( type)?$",
        r"(befragungs|erhebungs)?(kanal|modus|methode|weg)$",
        r"(canal|mode)( de reponse| de collecte)?$",
        r"(canal|modo)( de respuesta)?$",
        r"(respons)?kanaal$|methode$",
    ),
    "language": (
        r"(user|start|survey|respondent)? ?lang(uage)?$|locale$",
        r"(start)?sprache$",
        r"langue",
        r"idioma|lengua$",
        r"(start)?taal$",
    ),
    "status": (
        r"(response |survey )?status$|response type$|disposition$",
        r"status$",
        r"statut",
        r"estado( de la respuesta)?$",
        r"status$",
    ),
    "finished": (
        r"finished$|complete(d)?$|is ?complete(d)?$",
        r"beendet$|vollstandig$|abgeschlossen$",
        r"termine$|complet$",
        r"finalizad[oa]$|complet[oa]$",
        r"voltooid$|afgerond$",
    ),
    "duration_s": (
        r"duration|interview ?time$|(time|seconds) ?(taken|spent|elapsed)|total ?time|elapsed",
        r"dauer|bearbeitungszeit|gesamtzeit|interviewzeit",
        r"duree|temps total|temps passe",
        r"duracion|tiempo (total|empleado)",
        r"duur$|tijdsduur|totale tijd|interviewtijd",
    ),
    "weight": (
        r"(\w+ )?(weight|wgt|wt|pw|weighting)( ?factor)?$|weight",
        r"(\w*)gewicht(ung)?$|gew$",
        r"poids|ponderation|coef",
        r"peso|ponderacion|factor",
        r"(\w*)gewicht$|weeg ?factor|weging",
    ),
    "strata": (r"strat(um|a)$", r"schicht$", r"strate$", r"estrato$", r"stratum$"),
    "cluster": (r"cluster( id)?$|psu$", r"klumpen$", r"grappe$", r"conglomerado$", r"cluster$"),
    "fpc": (
        r"fpc\d?$|population ?size$",
        r"grundgesamtheit$",
        r"taille (de la )?population$",
        r"tamano (de la )?poblacion$",
        r"populatie ?(omvang|grootte)$",
    ),
    "survey": (
        r"survey ?(type|kind)|type of survey|nps ?type|program(me)?$",
        r"(umfrage|befragungs|fragebogen) ?(typ|art)",
        r"type (d |de )?(enquete|sondage)",
        r"tipo (de )?(la )?encuesta",
        r"(enquete|onderzoek) ?(type|soort)|type (enquete|onderzoek)",
    ),
    "personal": (
        r"e ?mail|ip ?addr|ip$|phone|mobile ?(number|no)|telephone|(first|last|sur|full|family|given|"
        r"middle|user|contact|customer|recipient|your) ?(name|first|last)"
        r"|recipient (first|last|email)|^name$|^author$|latitude|longitude|location ?(lat|long)|"
        r"lat ?long|address|street|(date of |year of )?birth|birthday|dob$|passport|iban|ssn|twitter|"
        r"handle",
        r"(kunden|ansprech|vor|nach|familien|benutzer) ?name$|telefon|handy|mobil ?(nr|nummer)|"
        r"adresse|strasse|hausnummer|geburt|breitengrad|langengrad|mail",
        r"^(pre)?nom( de famille| du client| client)?$|courriel|adresse|telephone|portable|rue$|naissance|mel$",
        r"^(primer )?nombre( del? cliente| completo)?$|apellidos?|correo|telefono|movil|direccion|calle|nacimiento",
        r"(klant|voor|achter|volledige|familie) ?naam$|^naam$|telefoon|mobiel|adres|straat|geboorte|aanhef",
    ),
    "region": (
        r"region|state$|province|country|area|territory",
        r"region|bundesland|gebiet|land$",
        r"region|pays|departement",
        r"region|provincia|pais|comunidad",
        r"regio|provincie|gewest|land$",
    ),
    "plan": (
        r"plan|tariff|package|product|subscription|contract ?(type)?$|tier",
        r"tarif|paket|produkt|vertrags?(art|typ)?$",
        r"forfait|offre|abonnement|produit|contrat",
        r"plan|tarifa|producto|contrato|paquete",
        r"abonnement|pakket|product|contract ?(type|vorm)?$",
    ),
    "gender": (r"gender|sex$", r"geschlecht", r"genre|sexe", r"genero|sexo", r"geslacht"),
    "age": (
        r"age( ?group| ?band| ?range)?$|(your|respondent) age|how old",
        r"alter(sgruppe)?$|wie alt",
        r"(tranche d )?age$|quel age",
        r"(grupo de )?edad$",
        r"leeftijd(s ?(groep|klasse))?$|hoe oud",
    ),
    "tenure": (
        r"tenure",
        r"(kunden|vertrags)(dauer|laufzeit)|kunde seit jahren",
        r"anciennete",
        r"antiguedad",
        r"(klant|contract)duur",
    ),
    "customer_segment": (
        r"(customer |client )?(segment|type|group|class|category)$|industry|sector",
        r"(kunden)?(segment|gruppe|typ|art)$|branche",
        r"(segment|type|categorie)( client| de client)?$|secteur",
        r"(segmento|tipo|categoria)( de cliente)?$|sector",
        r"(klant)?(segment|groep|type)$|branche|sector",
    ),
}
SEGMENT_ROLES = ("region", "plan", "gender", "age", "tenure", "customer_segment")
NOT_ASKED = re.compile(
    r"(?:n a|not applicable|does ?n[o ]?t apply|not rated|no (?:answer|opinion|response)|don ?t know|"
    r"do not know|dk|unknown|unsure|not sure"
    r"|can ?(?:no|n) ?t say|prefer not to (?:say|answer)|refused|declined|missing|system missing"
    r"|weiss (?:ich )?nicht|keine (?:angabe|antwort|meinung)|k a|trifft nicht zu|nicht zutreffend|nicht beurteilbar"
    r"|ne sais? pas|je ne sais pas|sans (?:reponse|avis|opinion)|sans objet|nsp|non concerne|non applicable"
    r"|no s(?:e|abe)|no sabe no contesta|ns nc|no aplica|no procede|sin respuesta"
    r"|weet (?:ik )?niet|geen (?:mening|antwoord)|niet van toepassing|nvt|n v t)(?: .{0,20})?"
)
VOTE = re.compile(
    r"(?:net ?)?(?:promoters?|promoteurs?|promotor(?:es)?|passives?|passiv|passifs?|pasivos?|neutraal|"
    r"neutral|indifferent|passief"
                  r"|detractors?|detracteurs?|detractor(?:es)?|kritiker|criticus|criticasters?)(?:en)?")  # fmt: skip
SURVEY_KINDS = {
    "relationship": re.compile(r"r$|rel|rnps|relationship|relational|beziehung|relationnel|relacional|relatie"),
    "transactional": re.compile(
        r"t$|trans|tnps|touch ?point|transaktion|transactionnel|transaccional|transactie|event|trigger"
    ),
}


def plain(text: str) -> str:
    """Return a name in one plain spelling: small letters without accents, one blank for marks and changes of case.

    Examples
    --------
    >>> plain("ResponseId"), plain("Kündigungs-Datum"), plain("Q17_NPS_GROUP"), plain("CustomerID")
    ('response id', 'kundigungs datum', 'q17 nps group', 'customer id')
    """
    text = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return re.sub(r"[\W_]+", " ", bare).strip()


def says(text: str, role: str) -> bool:
    """Return whether a name or wording holds one of a role's words.

    Examples
    --------
    >>> says("Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?", "nps"), says("cust_no", "customer_id")
    (True, True)
    """
    return bool(_pattern(role).search(plain(text)))


def begins(name: str, role: str) -> bool:
    """Return whether a name begins with one of a role's words: `status`, but not `marital status`."""
    return bool(_pattern(role).match(plain(name)))


@cache
def _pattern(role: str) -> re.Pattern[str]:
    """Return the words of a role in all languages as one expression."""
    return re.compile(r"(?<![^\W_])(?:" + "|".join(f"(?:{words})" for words in WORDS[role]) + ")")
