"""From result frames to what people see: payloads, disclosure, sentences, tables, figures, HTML.

Everything published is drawn from protected payloads alone. The parts, in the order in which a result passes them:
`payload` (one result as JSON), `show` (a notebook's output), `disclosure` (what is hidden), `labels` and `words`
(headings, numbers, sentences), `tables`, `plots`, `html` with `style.css`.
"""
