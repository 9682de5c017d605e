"""Halden Telecom as a whole: every part simulated once, from one seed."""

from dataclasses import dataclass

import pandas as pd

from cxresearch.demo import (
    billing,
    company,
    contacts,
    defects,
    employees,
    experience,
    feedback,
    modules,
    planted,
    surveys,
    verbatims,
)


@dataclass(frozen=True)
class World:
    """The synthetic company: what its systems hold, and what nobody but the generator knows.

    Attributes
    ----------
    customers, felt, billing, contacts, invited
        See the modules of the same names.
    answers
        Complete answers before anything went wrong, with `text`, `topics` and `text_kind`.
    rows
        What the survey platform holds, defects and all.
    module_answers, staff, feedback
        The other tables.
    """

    customers: pd.DataFrame
    felt: experience.Experience
    billing: billing.Billing
    contacts: pd.DataFrame
    invited: pd.DataFrame
    answers: pd.DataFrame
    rows: pd.DataFrame
    module_answers: pd.DataFrame
    staff: pd.DataFrame
    feedback: pd.DataFrame


def simulate(seed: int = planted.SEED) -> World:
    """Return the synthetic company with its latent truth.

    Parameters
    ----------
    seed
        Seed of everything.

    Returns
    -------
    World
        The same world for the same seed.
    """
    people = company.customers(seed)
    felt = experience.live(people, seed)
    billed = billing.bill(people, felt, seed)
    called = contacts.contacts(people, billed, felt, seed)
    invited = surveys.invitations(people, billed, felt, called, seed)
    answers = surveys.answers(invited, people, felt, called, seed)
    answers = answers.join(verbatims.comments(answers, people, felt, seed))
    rows = defects.spoil(answers, seed)
    return World(
        people,
        felt,
        billed,
        called,
        invited,
        answers,
        rows,
        modules.module_answers(rows, seed),
        employees.staff_answers(seed),
        feedback.feedback(answers, people, felt, seed),
    )
