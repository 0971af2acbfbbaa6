// A reader with types of its own for every attribute of the schema.
const { readFileSync } = require("node:fs");

(async () => {
  const { parse } = await import(require.resolve("junit2json"));
  for (const path of process.argv.slice(2)) {
    const { testsuite } = await parse(readFileSync(path, "utf8"));
    const cases = testsuite.flatMap((suite) => suite.testcase ?? []);
    const count = (kind) => cases.filter((one) => one[kind]).length;
    const places = cases
      .filter((one) => one.classname !== "rungate.gate")
      .map((one) => [one.file ?? null, one.line === undefined ? null : String(one.line)]);
    console.log(JSON.stringify([path, count("failure"), count("error"), count("skipped"), cases.length, places]));
  }
})();
