// A reporter for node:test that writes one line for each test to the report's descriptor.
import fs from "node:fs";
import path from "node:path";

const SUITE = "/s/suite";
const write = (fact) => fs.writeSync(Number(process.env.EARNEST_REPORT), JSON.stringify(fact) + "\n");

export default async function* reporter(source) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === "test:start") names[data.nesting] = data.name;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const file = data.file ? path.relative(SUITE, data.file.replace(/^file:\/\//, "")) : "";
    const id = `${file}::${[...names.slice(0, data.nesting), data.name].join(" > ")}`;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const outcome = type === "test:fail" ? "failed" : skipped ? "skipped" : "passed";
    write({ event: "test", id, outcome });
    if (type === "test:fail") {
      const error = data.details?.error;
      write({ event: "message", id, message: String(error?.cause?.message ?? error?.message ?? error).slice(0, 2000) });
    }
  }
  yield "";
}
