// The library of mikepenz/action-junit-report, in its own manner: compact, one element where there is one.
const { readFileSync } = require("node:fs");
const { xml2js } = require("xml-js");

const list = (one) => (one === undefined ? [] : Array.isArray(one) ? one : [one]);

for (const path of process.argv.slice(2)) {
  const { testsuites } = xml2js(readFileSync(path, "utf8"), { compact: true });
  const suites = list(testsuites.testsuite);
  const cases = suites.flatMap((suite) => list(suite.testcase));
  const count = (kind) => cases.filter((one) => one[kind] !== undefined).length;
  for (const one of cases) {
    const result = one.failure ?? one.error;
    if (result && !list(result._cdata).join("").trim()) throw new Error(`nothing to show: ${path}`);
  }
  const places = cases
    .filter((one) => one._attributes.classname !== "rungate.gate")
    .map((one) => [one._attributes.file ?? null, one._attributes.line ?? null]);
  console.log(JSON.stringify([path, count("failure"), count("error"), count("skipped"), cases.length, places]));
}
