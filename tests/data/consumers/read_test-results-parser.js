// The library of testbeats, which sends results to chats; it does not tell errors from failures.
const { parse } = require("test-results-parser");

for (const path of process.argv.slice(2)) {
  const result = parse({ type: "junit", files: [path] });
  const cases = result.suites.flatMap((suite) => suite.cases);
  const count = (status) => cases.filter((one) => one.status === status).length;
  console.log(JSON.stringify([path, count("FAIL"), count("ERROR"), count("SKIP"), cases.length, null]));
}
