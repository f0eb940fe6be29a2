// Runs in the suite's sandbox: imports every test file of the suite; node's own runner does the rest.
import fs from "node:fs";

const write = (fact) => fs.writeSync(Number(process.env.EARNEST_REPORT), JSON.stringify(fact) + "\n");

// Written even where no test was ever registered, because delivered code was gone before the first one.
process.on("exit", (status) => {
  const link = globalThis[Symbol.for("earnest.candidate")] ?? { calls: 0, errors: 0, gone: null };
  write({ event: "end", status, calls: link.calls, errors: link.errors, gone: link.gone });
});

const files = fs.readdirSync("/s/suite", { recursive: true }).filter((name) => name.endsWith(".test.mjs")).sort();
for (const name of files) {
  try {
    await import(`file:///s/suite/${name}`);
  } catch (error) {
    const message = String(error?.stack ?? error).slice(0, 2000);
    write({ event: "uncollected", id: name, message });
  }
}
