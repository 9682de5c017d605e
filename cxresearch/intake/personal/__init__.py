"""Personal data in free text: where it stands and of which kind it is.

`spelling` brings a text into one spelling; `contact` finds addresses of the net, `telephone` numbers that ring, `numbers`
accounts, cards and the ids of states, `places` streets and post codes, `names` people. Each finder takes a text and what is
known of the study, and returns spans; `intake.redact` puts placeholders where they are.
"""
