"""Words that are names, that are names and ordinary words as well, and that are no names."""

from functools import cache


def _listed(words: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(words.split())


# Common given names, written as they are compared: small, ä as ae, without accents.
GIVEN = _listed(
    """
    aaron abdul abdullah abigail adam adrian agnieszka ahmed aisha alan albert alejandro alessandro alex
    alexander alexandra alfred ali alice alison allison amanda amber amelia amir amira amy ana andre andrea
    andreas andrew andrzej angela angelika anita anja anke ann anna anne annette annika anthony antje anton
    antonia antonio arjun arthur ashley astrid audrey ava axel ayse barbara barry bastian beate beatrice ben
    benjamin bernard bernd bernhard beth bettina birgit bjoern bob brandon brenda brian brigitte bruce bryan
    callum cameron carina carl carla carlos carmen carol caroline carolyn carsten catherine cathy charles
    charlie charlotte chloe chris christa christian christiane christina christine christoph christopher cindy
    claire clara claudia clive colin connor craig cynthia daniel daniela dave david dawn debbie deborah denise
    dennis derek detlef diana diane dieter dimitri dirk dmitri dominik donald donna doris dorothy douglas duncan
    dylan edward eileen elaine elena elif elisabeth elizabeth elke ella ellen emily emma emre eric erika erin
    ethan eugene eva evelyn fabian fatima fatma felix fiona florian frances francesca francesco francis frederik
    friedrich fritz gabriele gareth gary gavin geoff george georgia gerald gerd gerhard gisela giulia giuseppe
    gloria gordon graham greg gregor gregory guenter guenther guido hanna hannah hans harald harriet harry
    hassan heather heidi heike heiko heinrich heinz helen helena helga helmut henrik henry herbert hermann
    hilary holger horst howard hubert hugo ian ibrahim igor ilse imke ines ingo ingrid irene iris isabel
    isabella ivan ivana jacek jackie jacob jacqueline jake jakob james jamie jan jane janet janina jason javier
    jean jeff jeffrey jelena jenna jennifer jenny jens jeremy jerry jessica jill jim jo joan joanna joanne joe
    joel joerg johann johanna johannes john jonas jonathan jordan jorge jose joseph josh joshua joyce juan
    judith judy juergen julia julian julie juliette jutta kaethe kai karen karin karl karsten katarina katarzyna
    kate katharina katherine kathleen kathrin kathy katie katja katrin kayla keith kelly ken kenneth kerstin
    kevin kim kimberly klaus konrad krzysztof kurt kyle lars laura lauren lea leah lee leila lena leo leon
    leonie lewis liam linda lisa liz logan lorraine louis louise luca lucas lucia lucy luis luisa lukas lutz
    lynn madison magdalena malcolm malgorzata manfred manuel manuela marc marcel marco marcus marek margaret
    margarete maria marie marina mario marion marko markus marlene marta martha martin martina mary mateusz matt
    matthew matthias maureen maurice max maximilian megan mehmet melanie melissa mia micha michael michaela
    michal michele michelle miguel mike milan miriam mohamed mohammad mohammed monica monika muhammad murat
    mustafa nadia nadine nancy naomi natalia natalie natasha nathan neil nicholas nick nico nicola nicole nigel
    niklas nina noah nora norbert norman olaf oleg olga oliver olivia omar oscar oskar owen pablo pamela paola
    patricia patrick paul paula pauline pawel pedro peggy penny peter petra phil philip philipp phillip phyllis
    pierre piotr priya rachel rafael rainer ralf ralph raymond rebecca regina reinhard renate rene rhys ricardo
    richard rita robert roberto robin roger roland rolf ronald ronja rosemary ross roy ruediger russell ruth
    ryan sabine sabrina sally sam samantha samuel sandra sara sarah sascha scott sean sebastian sergej sharon
    shaun sheila shirley siegfried silke silvia simone soeren sofia sonja sophia sophie stacey stanley stefan
    stefanie stephan stephanie stephen steve steven stuart susan susanne suzanne sven svetlana sylvia tamara
    tanja tanya teresa terry theo theresa thomas thorsten tim timo timothy tina tjark tobias todd tom tomasz
    tony torsten tracey tracy trevor ulrich ulrike ursula ute uwe valentina valerie vanessa vera veronika vicky
    victor victoria viktor vincent vladimir volker walter waltraud wendy werner wiebke wilhelm william wojciech
    wolfgang xavier yasmin yusuf yvonne zachary zeynep zoe
    """
)
# Names that are words as well: alone they are taken for words.
ORDINARY = _listed(
    """
    adelaide april art august austin bach bauer bell berg berger best bill bishop black brown burns busch bush
    cash chance charlotte chase chelsea christian church clay cook cross dallas day dean denver dick drew engel
    ernst faith field fisher florence fox francisco frank frost fuchs gene georgia glen good grace graf grant
    gray green grey gross guy hahn hand hart heart heide hill hirsch holly home hope houston hunter iris ivy
    jack jackson jan jo jordan joy juan june jung keller king klein koch koenig kohl kraft kurz lane lang lange
    lee leo light lily logan long lord love madison mai major marc marine mark marsh max may milan miles moon
    nancy neu nick norman north orlando page park pat penny perth pool pope porter price rath ray reich rich rob
    robin rose roth royal sauer schwarz short sommer stark stein stern stone storm strong sue summer sydney town
    valencia victoria virginia vogel wall ward weiss west white will winter wise wolf wood young
    """
)
# What may stand behind "regards" or "spoke to" and is nobody's name, and what begins sentences.
ROLES = _listed(
    """
    adviser advisor agent agents agentur alle alles an another anybody anyone app assistant bad bank broadband
    call care center centre changed chat chatbot company complaint customer customers dank danke department desk
    different director easy engineer engineers everything excellent fast firma frau good great gruesse gruss
    guten haben hallo hello help helpline herr herrn hotline human ich ihnen ihr incorrect internet it jemand
    just keiner kunde kunden kundendienst kundenservice leute lg liebe lieber liebes listed madam manager many
    mein meine member mfg missing misspelled mitarbeiter mitarbeiterin mitarbeitern moin morgen mr mrs ms
    network nice nichts niemand no nobody not now office ok okay operator overall people person please poor
    provider really rep representative robot sales sehr service services shop sir sirs slow somebody someone
    spelled spelt staff store supervisor support tag team teams technical technician techniker thank thanks the
    their them there these this those three today two various very vg vielen website wifi wlan wrong yes you
    your
    """
)
GERMAN_STOP_WORDS = _listed(
    """
    aber als am an auch auf aus bei beim bin bis bitte da damit dann das dass dem den der des die dies diese
    dieser doch du durch ein eine einem einen einer eines er es euch euer fuer gar gegen hat hatte hier ihrem
    ihrer ihres im immer in ist ja jede jeder kann kein keine leider man mehr meinem meinen meiner meines mich
    mir mit nach nicht noch nun nur ob oder ohne schon seinem seiner seines seit sich sie sind so und uns unser
    unsere unserem unserer unseres vom von vor wann war waren warum was weil wenn wer wie wieder wir wird wo
    wurde zu zum zur
    """
)
CALENDAR = _listed(
    """
    christmas december dezember dienstag donnerstag easter februar february freitag friday januar january juli
    july june juni maerz march mittwoch monday montag november october oktober ostern samstag saturday september
    sonntag sunday thursday tuesday wednesday weihnachten
    """
)
BRANDS = _listed(
    """
    alexa amazon android apple bt dhl ebay ee facebook fedex fritz fritzbox google hermes instagram ios ipad
    iphone microsoft netflix o2 outlook paypal samsung siri sky sony spotify telekom tiktok twitter ups virgin
    vodafone whatsapp windows youtube
    """
)


@cache
def no_names() -> frozenset[str]:
    """Return words that are never a person's name, however they are written."""
    # Not above: whoever only loads accepted tables shall not wait for scikit-learn.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return BRANDS | frozenset(ENGLISH_STOP_WORDS) | GERMAN_STOP_WORDS | ROLES | CALENDAR
