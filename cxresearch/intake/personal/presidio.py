"""People by a language model that the user brings: Presidio's recognition over a spaCy model. The extra `pii`.

Only people are asked of it: its other recognisers look up lists on the net, and the rules here know those kinds.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from cxresearch.intake.personal.span import Span
from cxresearch.schema import Study
from cxresearch.strict_yaml import StudyError
from cxresearch.study import inside

LANGUAGE, PERSON = "en", "PERSON"
NEEDED = ("spacy", "presidio_analyzer", "presidio_analyzer.nlp_engine", "presidio_analyzer.predefined_recognizers")


def people_finder(study: Study) -> Callable[[str], Iterator[Span]]:
    """Return what finds people in a text by the model that a study names.

    Raises
    ------
    StudyError
        If the extra is not installed, or the folder holds no model of spaCy. Nothing is downloaded.
    """
    folder = inside(study.folder, study.redaction.model or "")
    if not study.redaction.model or not (folder / "meta.json").is_file():
        raise StudyError(
            "redaction: `engine: presidio` needs `model:`, a folder of a spaCy model beside study.yaml; copy one "
            "there, or write `engine: rules`."
        )
    try:
        spacy, presidio, engines, recognisers = map(import_module, NEEDED)
    except ImportError:
        raise StudyError(
            "redaction: `engine: presidio` needs packages that are not installed; install cxresearch[pii], or write "
            "`engine: rules`."
        ) from None
    # Given a model that is loaded already, its engine downloads none.
    engine = engines.SpacyNlpEngine()
    engine.nlp = {LANGUAGE: spacy.load(folder)}
    registry = presidio.RecognizerRegistry(recognizers=[recognisers.SpacyRecognizer(supported_entities=[PERSON])])
    analyzer = presidio.AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[LANGUAGE])
    return lambda text: _people(analyzer, text)


def _people(analyzer: Any, text: str) -> Iterator[Span]:
    """Yield people, but for what holds a placeholder already."""
    for found in analyzer.analyze(text=text, language=LANGUAGE, entities=[PERSON]):
        if not set("[]") & set(text[found.start : found.end]):
            yield Span(found.start, found.end, "name")
