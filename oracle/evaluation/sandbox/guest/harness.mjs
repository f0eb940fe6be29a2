// Runs in the suite's sandbox: imports every test file of the suite; node's own runner does the rest.
import fs from "node:fs";

const files = fs.readdirSync("/s/suite", { recursive: true }).filter((name) => name.endsWith(".test.mjs")).sort();
for (const name of files) {
  try {
    await import(`file:///s/suite/${name}`);
  } catch (error) {
    const message = String(error?.stack ?? error).slice(0, 2000);
    fs.writeSync(Number(process.env.EARNEST_REPORT), JSON.stringify({ event: "uncollected", id: name, message }) + "\n");
  }
}
