# Does not tell errors from failures.
import json
import sys

from junit2htmlreport import parser

for path in sys.argv[1:]:
    report = parser.Junit(path)
    cases = [case for suite in report.suites for case in suite.all()]
    count = lambda outcome: sum(case.outcome() == outcome for case in cases)
    assert report.html()
    print(json.dumps([path, count("failed"), 0, count("skipped"), len(cases), None]))
