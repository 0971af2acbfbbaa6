# The library of EnricoMi/publish-unit-test-result-action, which places an annotation by testcase@file and @line.
import json
import sys

from junitparser import JUnitXml

for path in sys.argv[1:]:
    cases = [case for suite in JUnitXml.fromfile(path) for case in suite]
    kinds = [[result.__class__.__name__ for result in case.result] for case in cases]
    count = lambda kind: sum(kind in results for results in kinds)
    places = [[case._elem.get("file"), case._elem.get("line")] for case in cases if case.classname != "rungate.gate"]
    print(json.dumps([path, count("Failure"), count("Error"), count("Skipped"), len(cases), places]))
