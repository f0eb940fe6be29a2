// Runs in the delivery's own sandbox: loads delivered modules and answers calls from the suite. Nothing relies on it.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";

const TREE = "/candidate";
const [readFd, writeFd] = process.argv.slice(2).map(Number);
const resolve = (name) => path.join(TREE, path.normalize("/" + name));

async function members(name) {
  const loaded = await import("file://" + resolve(name));
  const plain = loaded.default !== null && typeof loaded.default === "object" ? loaded.default : {};
  return { ...plain, ...loaded }; // CommonJS exports arrive as the default export
}

const operations = {
  load: async ({ path: name }) => {
    const found = await members(name);
    return { functions: Object.keys(found).filter((key) => typeof found[key] === "function") };
  },
  value: async ({ path: name, name: key }) => (await members(name))[key],
  call: async ({ path: name, name: key, args }) => (await members(name))[key](...args),
  run: async ({ path: name, args, stdin }) => {
    const done = spawnSync(process.execPath, [resolve(name), ...args], { input: stdin, encoding: "utf8", cwd: TREE });
    return { status: done.status, stdout: done.stdout, stderr: done.stderr };
  },
};

let buffer = "";
const calls = new net.Socket({ fd: readFd, readable: true, writable: false });
calls.setEncoding("utf8");
for await (const chunk of calls) {
  buffer += chunk;
  for (let end = buffer.indexOf("\n"); end >= 0; end = buffer.indexOf("\n")) {
    const { id, op, ...fields } = JSON.parse(buffer.slice(0, end));
    buffer = buffer.slice(end + 1);
    let reply;
    try {
      reply = { id, value: (await operations[op](fields)) ?? null };
    } catch (error) {
      reply = { id, error: { name: String(error?.name ?? "Error"), message: String(error?.message ?? error) } };
    }
    fs.writeSync(writeFd, JSON.stringify(reply) + "\n");
  }
}
