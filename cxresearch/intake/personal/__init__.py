"""Personal data in free text: where it stands and of which kind it is.

`spelling` brings a text into one spelling. `contact` finds addresses of the net, `checked` numbers that prove
themselves by check digits (with `states` for ids of persons), `telephone` numbers that ring, `known` numbers that the
study names, `places` streets and post codes, `names` people, `presidio` more people by a model; `review` lists words
that may be names. A finder takes a text and yields spans; `intake.redact` puts placeholders where they are.
"""
