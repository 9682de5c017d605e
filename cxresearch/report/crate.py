"""`ro-crate-metadata.json`: what a published folder holds and how it came to be, as other programs read it.

RO-Crate 1.1 with the Process Run Crate profile 0.5: files, notebooks, parameters, inputs and software. Notebooks and
inputs are told by name and digest and are not included. No clock, host, person or path: an action has neither time nor
agent.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from cxresearch import periods
from cxresearch.present import labels as say
from cxresearch.report.manifest import MANIFEST
from cxresearch.report.plan import Plan

CRATE = "ro-crate-metadata.json"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
SPECIFICATION, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
LICENCE, SOFTWARE, OURS = "#licence", "#cxresearch", "https://spdx.org/licenses/BSD-3-Clause"
FORMATS = {
    "html": "text/html",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Entity = dict[str, Any]


def crate(plan: Plan, record: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the crate of a published folder.

    Parameters
    ----------
    plan
        What was run.
    record
        What its manifest records.
    files
        All that is published, but the crate and the manifest, by path.

    Returns
    -------
    dict
        JSON-LD: every file with its sha256; an action a page, whose instrument is the notebook, and one for the report.
    """
    published = [*(_file(name, data) for name, data in sorted(files.items())), _manifest()]
    inputs, notebooks = [*_inputs(record)], [*_notebooks(plan)]
    actions = [*_actions(plan, inputs, sorted(files))]
    made = [*actions, *notebooks, *_parameters(record), *inputs, *_software(record), *_named()]
    return {"@context": CONTEXT, "@graph": [_descriptor(), _root(plan, published, actions), *published, *made]}


def _descriptor() -> Entity:
    """Return what the metadata file says of itself."""
    return {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": SPECIFICATION}, "about": {"@id": "./"}}


def _root(plan: Plan, files: Sequence[Entity], actions: Sequence[Entity]) -> Entity:
    """Return the published folder; dated by the end of its period, where it has one."""
    period = periods.parse(plan.run.period, plan.study.fiscal_year_start)
    name = f"{plan.title}: {say.period_label(plan.run.period)}"
    found: Entity = {"@id": "./", "@type": "Dataset", "conformsTo": {"@id": PROFILE}, "name": name}
    found["description"] = (
        "Pages, results, tables and figures of a customer-experience report. All of them are protected: groups of too "
        "few customers are hidden in every file. Data, notebooks and executed notebooks are not included."
    )
    found |= {"datePublished": period.end().isoformat()} if period else {}
    found |= {"license": {"@id": LICENCE}, "hasPart": _links(files), "mentions": _links(actions)}
    return found


def _file(name: str, data: bytes) -> Entity:
    """Return one published file."""
    kind = FORMATS[name.rpartition(".")[2]]
    size = {"contentSize": str(len(data)), "sha256": sha256(data).hexdigest()}
    return {"@id": quote(name), "@type": "File", "name": name, "encodingFormat": kind, **size}


def _manifest() -> Entity:
    """Return the manifest, which has the digest of this crate and so no digest here."""
    told = "Digests of all other files and of what the numbers rest on; its own sha256 begins with the folder's name."
    return {"@id": MANIFEST, "@type": "File", "name": MANIFEST, "encodingFormat": FORMATS["json"], "description": told}


def _notebooks(plan: Plan) -> Iterator[Entity]:
    """Yield the notebooks with the digest of what each says and does."""
    for page in plan.pages:
        yield {
            "@id": f"#notebook/{quote(page.name)}",
            "@type": "SoftwareSourceCode",
            "name": page.title,
            "alternateName": f"{page.name}.ipynb",
            "programmingLanguage": "Python",
            "version": page.content,
            "description": "Jupyter notebook, not included; the version is the sha256 of what it says and does.",
            "softwareRequirements": {"@id": SOFTWARE},
        }


def _actions(plan: Plan, inputs: Sequence[Entity], files: Sequence[str]) -> Iterator[Entity]:
    """Yield an action for each page, and one for all that is not of a page alone."""
    left = {*files}
    for page in plan.pages:
        own = [name for name in files if _is_of(name, page.name, page.file)]
        left -= {*own}
        parameters = [{"@id": _parameter_id(page.name, name)} for name in page.parameters]
        objects = [*_links(inputs), *parameters]
        yield _action(page.name, f"Run {page.name}.ipynb", f"#notebook/{quote(page.name)}", objects, own)
    objects = [*_links(inputs), *({"@id": f"#notebook/{quote(page.name)}"} for page in plan.pages)]
    yield _action("report", f"Protect, draw and publish {plan.run.name}", SOFTWARE, objects, sorted(left))


def _action(name: str, told: str, instrument: str, objects: Sequence[Entity], results: Sequence[str]) -> Entity:
    """Return an action."""
    return {
        "@id": f"#run/{quote(name)}",
        "@type": "CreateAction",
        "name": told,
        "instrument": {"@id": instrument},
        "object": list(objects),
        "result": [{"@id": quote(result)} for result in results],
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }


def _is_of(file: str, page: str, address: str) -> bool:
    """Return whether a file is drawn from one page's results: the page itself or a figure of it."""
    name = file.rpartition("/")[2]
    return name == address or (name.startswith(f"{page}--") and name.endswith((".png", ".svg")))


def _parameters(record: Mapping[str, Any]) -> Iterator[Entity]:
    """Yield what each notebook was given."""
    for page, values in record["parameters"].items():
        for name, value in values.items():
            plain = value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
            yield {"@id": _parameter_id(page, name), "@type": "PropertyValue", "name": name, "value": plain}


def _parameter_id(page: str, name: str) -> str:
    """Return the id of a parameter of a page."""
    return f"#parameter/{quote(page)}/{quote(name)}"


def _inputs(record: Mapping[str, Any]) -> Iterator[Entity]:
    """Yield files that the numbers rest on, and tables of a database, by name and digest."""
    for name, found in sorted(record["inputs"].items()):
        digest = "identifier" if name.startswith("tables.") else "sha256"
        told = "Not included; told by name and digest."
        yield {
            "@id": f"#input/{quote(name)}",
            "@type": "CreativeWork",
            "name": name,
            digest: found,
            "description": told,
        }


def _software(record: Mapping[str, Any]) -> Iterator[Entity]:
    """Yield the package that made all, Python, and the packages in the versions that the lock file names."""
    own, needs = record["package"], {"python": record["python"], **record["packages"]}
    required = [_application(f"#package/{quote(name)}", name, version) for name, version in needs.items()]
    sources = {"identifier": f"sha256 of its sources: {own['sources']}", "license": {"@id": OURS}}
    more = {**sources, "softwareRequirements": _links(required)}
    yield {**_application(SOFTWARE, own["name"], own["version"]), **more}
    yield from required


def _application(address: str, name: str, version: str) -> Entity:
    """Return a program in a version."""
    return {"@id": address, "@type": "SoftwareApplication", "name": name, "softwareVersion": version}


def _named() -> Iterator[Entity]:
    """Yield what is only referred to: the profile and the licences."""
    yield {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    yield {"@id": OURS, "@type": "CreativeWork", "name": "BSD 3-Clause License"}
    told = "The study names no licence: ask those who publish this report before passing it on."
    yield {"@id": LICENCE, "@type": "CreativeWork", "name": "No licence given", "description": told}


def _links(entities: Iterable[Entity]) -> list[Entity]:
    """Return references to entities."""
    return [{"@id": entity["@id"]} for entity in entities]
