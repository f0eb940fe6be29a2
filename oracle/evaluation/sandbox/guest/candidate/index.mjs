// What a hidden node suite imports to call the delivered code, which runs in another sandbox.
//   import { load } from "candidate";
//   const slug = await load("./slug.js");
//   assert.equal(await slug.slugify("A B"), "a-b");
// Values are JSON data; every exported function becomes async here.
import net from "node:net";

const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
const KNOWN = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const [readFd, writeFd, , seconds] = (process.env.EARNEST_CANDIDATE ?? "").split(",").map(Number);

export const link = { calls: 0, errors: 0, gone: null };
globalThis[Symbol.for("earnest.candidate")] = link; // for the reporter of the same process

const waiting = new Map();
let left = seconds * 1000; // milliseconds the delivered code may still use
let buffer = "";

function lost(why) {
  link.gone ??= why;
  const left = [...waiting.values()];
  waiting.clear();
  for (const { reject } of left) reject(new Error(link.gone));
  input.destroy();
  output.destroy();
}

const input = new net.Socket({ fd: readFd, readable: true, writable: false });
const output = new net.Socket({ fd: writeFd, readable: false, writable: true });
input.unref();
output.unref();
input.setEncoding("utf8");
output.on("error", () => lost("the delivered code ended its process or was stopped"));
input.on("error", () => lost("the delivered code ended its process or was stopped"));
input.on("close", () => lost("the delivered code ended its process or was stopped"));
input.on("data", (chunk) => {
  buffer += chunk;
  if (buffer.length > MAX_MESSAGE_BYTES) return lost("the delivered code sent a message larger than the limit");
  for (let end = buffer.indexOf("\n"); end >= 0; end = buffer.indexOf("\n")) {
    const line = buffer.slice(0, end);
    buffer = buffer.slice(end + 1);
    let reply;
    try {
      reply = JSON.parse(line);
    } catch {
      return lost("the delivered code broke the protocol: a message is not JSON");
    }
    const asked = waiting.get(reply?.id);
    if (!asked) return lost("the delivered code answered out of turn");
    waiting.delete(reply.id);
    asked.answer(reply);
  }
});

function request(op, fields) {
  return new Promise((resolve, reject) => {
    if (link.gone) return reject(new Error(link.gone));
    const id = ++link.calls;
    const started = performance.now();
    const timer = setTimeout(() => lost("the delivered code used up its time"), Math.max(left, 0));
    input.ref();
    const finish = () => {
      clearTimeout(timer);
      left -= performance.now() - started;
      if (waiting.size === 0) input.unref();
    };
    waiting.set(id, {
      reject: (error) => (finish(), reject(error)),
      answer: (reply) => {
        finish();
        if (!reply.error) return resolve(reply.value);
        link.errors += 1;
        const Known = Object.hasOwn(KNOWN, reply.error.name) ? KNOWN[reply.error.name] : Error;
        const error = new Known(String(reply.error.message));
        error.candidateName = String(reply.error.name);
        reject(error);
      },
    });
    output.write(JSON.stringify({ id, op, ...fields }) + "\n");
  });
}

/** The delivered module at `path` (ESM or CommonJS): its exported functions, async; other exports by `await value(name)`. */
export async function load(path) {
  const { functions } = await request("load", { path });
  const loaded = { value: (name) => request("value", { path, name }) };
  for (const name of functions) loaded[name] = (...args) => request("call", { path, name, args });
  return Object.freeze(loaded);
}

/** Run a delivered script in a fresh node process: {status, stdout, stderr}. */
export const run = (path, args = [], stdin = "") => request("run", { path, args, stdin });
