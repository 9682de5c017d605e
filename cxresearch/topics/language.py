"""In which language a text is written, told offline by its script and its commonest words."""

import re
import unicodedata
from collections.abc import Iterable

# Scripts that are used by one family of languages; the code stands for them all.
SCRIPTS = {
    "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh",
    "HANGUL": "ko", "THAI": "th", "DEVANAGARI": "hi",
}  # fmt: skip
# The commonest short words of each language, which no sentence does without for long.
COMMON = {
    "en": "the and to of is was were a i it you my for with not have has had this that are be been they we your"
    " on at in but very so too from as good when would will can could there their me or if just get got by"
    " an all what how didn't don't doesn't isn't wasn't won't can't couldn't i'm im it's i've didnt dont"
    " do no come than really am nothing never always after before about over back only more much still"
    " again great bad easy helpful",
    "de": "der die das und ist ich nicht ein eine zu mit den auf für im war es sie von dem des sehr auch wird"
    " hat aber an wir bei noch nach nur keine kein einen einem einer oder wenn bin sind habe haben immer"
    " wieder mir mich mehr gut alles schnell am zum zur so wie was ihr euch man da als aus seit über"
    " leider ohne alle bestens könnte kann ganz konnte zufrieden guter gute gutes schlecht schlechte"
    " schlechter freundlich freundliche beraten beratung hilfe hilft lief läuft funktioniert teuer netz"
    " rechnung wartezeit preis preise nett jahre jahren zuverlässig kompetent kompetente einfach endlich"
    " geht wurde werden dabei besser lange viel viele sofort passt danke wirklich etwas doch mal sonst"
    " stimmt unkompliziert eigentlich gelöst punkten ordnung investieren mitarbeiter kunde kunden"
    " kundenservice techniker störung vertrag empfang",
    "fr": "le la les de des et est je ne pas un une à pour avec que qui dans sur très plus vous nous mon ma ce"
    " cette il elle au aux du mais être été trop sans tout bien c'est j'ai",
    "es": "el la los las de y que en un una es no por para con muy más pero mi me lo se su al del está son fue"
    " ha todo bien como porque siempre",
    "it": "il lo la gli le di e che è un una non per con molto più ma mi si sono ho ha della del nel alla anche"
    " troppo tutto bene come perché sempre",
    "nl": "de het een en van ik is niet dat op te met voor zijn aan was maar heb er ook zeer goed om naar bij"
    " nog geen wel zo als heeft mijn",
    "pt": "o a os as de e que em um uma é não por para com muito mais mas meu minha se do da no na foi está são"
    " tudo bem como porque sempre",
    "pl": "i w na nie jest to się z że do jak ale bardzo mi po za co są od przez dla już tylko",
    "sv": "och att det är jag en ett inte på som för med har till av de mycket men var om så min",
    "da": "og at det er jeg en et ikke på som for med har til af de meget men var om så min",
    "tr": "ve bir bu çok için değil da de ile ama ben var yok daha olarak",
    "cs": "a je se na v že to s z do ale jsem není velmi jako by pro už",
}
# Letters that tell a language in any word.
LETTERS = {
    "de": "äöüß", "fr": "éèêàçœ", "es": "ñáíó¿¡", "pt": "ãõçáéó", "pl": "ąęłśżźć", "sv": "åäö", "da": "øæå",
    "tr": "ğış", "cs": "řěůčžš",
}  # fmt: skip
# Other languages are known by few words: one of them in a text is chance.
LONG_LISTS = {"en", "de"}
WORDS = {language: frozenset(text.split()) for language, text in COMMON.items()}
SPEAKERS = {
    word: tuple(language for language, common in WORDS.items() if word in common)
    for word in frozenset().union(*WORDS.values())
}
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
READ = 400


def languages_of(documents: Iterable[str]) -> list[str]:
    """Return the language of each text."""
    return [language_of(document) for document in documents]


def language_of(document: str) -> str:
    """Return the ISO 639-1 code of the language of a text, "" where it cannot be told.

    Each common word of a text, and each with a letter of few languages, speaks for the languages that have it, shared
    among them. A language is named where it has more than half as much again as any other.

    Examples
    --------
    >>> [language_of(text) for text in ("The app is slow", "Die App ist langsam", "Супер", "Super Service")]
    ['en', 'de', 'ru', '']
    """
    found = WORD.findall(document[:READ].casefold())
    script = _script("".join(found))
    if script:
        return script
    votes = dict.fromkeys(WORDS, 0.0)
    for word in found:
        speakers = SPEAKERS.get(word) or _with_letters(word)
        for language in speakers:
            votes[language] += 1 / len(speakers)
    first, second = sorted(votes, key=lambda language: -votes[language])[:2]
    enough = votes[first] >= (0.4 if first in LONG_LISTS else 1.5)
    return first if enough and votes[first] > 1.5 * votes[second] else ""


def _with_letters(word: str) -> tuple[str, ...]:
    """Return the languages that have a letter of a word which few have."""
    return () if word.isascii() else tuple(name for name, letters in LETTERS.items() if set(letters) & set(word))


def _script(letters: str) -> str:
    """Return the language that the script of most letters tells, "" for the Latin one."""
    if letters.isascii():
        return ""
    foreign = [letter for letter in letters if ord(letter) > 0x36F]
    if 2 * len(foreign) <= len(letters):
        return ""
    scripts = [SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0].split("-")[0], "") for letter in foreign]
    return max(set(scripts), key=scripts.count)
