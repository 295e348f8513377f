"""`make demo </dev/null`: the whole job on the sample that ships."""

import re

from tests.acceptance.program import lapwing


def test_the_demo_alerts_for_most_posts_that_fit_a_label_and_for_few_that_fit_none() -> None:
    demo = lapwing("demo")

    assert demo.status == 0, demo.err
    shares = re.search(r"(\d+) of (\d+) posts that fit a label alerted .*; of (\d+) that fit none, (\d+) did", demo.out)
    assert shares is not None, demo.out[-500:]
    fitting_alerted, fitting, chatter, chatter_alerted = map(int, shares.groups())
    assert fitting_alerted / fitting >= 0.90
    assert chatter_alerted / chatter <= 0.12
    assert len(demo.alerts) == fitting_alerted + chatter_alerted
    assert demo.alerts == list(range(1, len(demo.alerts) + 1)), "alerts count from 1 in a database"
    assert re.search(r"The first alert came \d+\.\d s after the start\.", demo.out)
