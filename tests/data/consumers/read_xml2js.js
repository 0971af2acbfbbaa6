// The library of dorny/test-reporter, and what its java-junit reader makes of the tree: a test is skipped, else failed
// by either element, and a suite without a name ends the run.
const { readFileSync } = require("node:fs");
const { parseStringPromise } = require("xml2js");

(async () => {
  for (const path of process.argv.slice(2)) {
    const { testsuites } = await parseStringPromise(readFileSync(path, "utf8"));
    const suites = testsuites.testsuite;
    for (const suite of suites) if (!suite.$.name.trim()) throw new Error(`a suite without a name: ${path}`);
    const cases = suites.flatMap((suite) => suite.testcase ?? []);
    const skipped = cases.filter((one) => one.skipped);
    const bad = cases.filter((one) => !one.skipped && (one.failure || one.error));
    for (const one of bad) {
      const [{ _: body, $: { message } }] = one.failure ?? one.error;
      if (!body.trim() || !message) throw new Error(`nothing to show: ${path}: ${one.$.name}`);
    }
    for (const one of cases) if (Number.isNaN(parseFloat(one.$.time))) throw new Error(`no time: ${path}`);
    console.log(JSON.stringify([path, bad.length, 0, skipped.length, cases.length, null]));
  }
})();
