import cxresearch as cx


def test_findings_bear_the_verdicts_of_the_scorecard():
    study = cx.load("demo", period="2025Q3")
    card = cx.metrics.scorecard(study).set_index("metric")
    whole = cx.summary.findings(study, top=99).query("segment == 'all'").set_index("metric")
    assert set(whole.index) == set(card.index[card["verdict"].isin(["rose", "fell"])])
    assert (whole["verdict"] == card.loc[whole.index, "verdict"]).all()
    assert (whole["p_adjusted"] == card.loc[whole.index, "p_adjusted"]).all()
