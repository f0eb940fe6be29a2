// Acts from a page, by a wallet in the browser (EIP-1193, found by EIP-6963).
//
// The page says in words and amounts what an act does and carries the transaction; here it is only filled in,
// tried by eth_call, signed by the wallet and sent. No text of others is ever used as markup: textContent only.

const WORD = 32;
const SECONDS_TO_WAIT = 180;
const found = new Map(); // EIP-6963: uuid -> {info, provider}
const heard = new WeakSet(); // providers listened to
let chosen = null; // the provider in use
let account = null; // its account, lower case

const element = (id) => document.getElementById(id);
const data = () => JSON.parse(element("acts-data").textContent);
const hex = (digits) => digits.toString(16).padStart(2 * WORD, "0");
const short = (address) => `${address.slice(0, 8)}…${address.slice(-6)}`;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Refused extends Error {}

function say(text, kind = "") {
  const line = element("wallet-said");
  line.textContent = text;
  line.dataset.kind = kind;
}

// ---- the wallet

function announced(event) {
  found.set(event.detail.info.uuid, event.detail);
  showChoice();
}

function providers() {
  const listed = [...found].map(([uuid, { info, provider }]) => ({
    uuid: String(uuid),
    name: String(info.name).slice(0, 40),
    provider,
  }));
  if (!listed.length && window.ethereum) {
    listed.push({ uuid: "", name: "the wallet of this browser", provider: window.ethereum });
  }
  return listed;
}

function showChoice() {
  const choice = element("wallet-choice");
  if (!choice) return;
  const listed = providers();
  const before = choice.value; // wallets announce themselves at any time: what was chosen stays so
  choice.replaceChildren(...listed.map(({ name, uuid }) => new Option(name, uuid, false, uuid === before)));
  choice.parentElement.hidden = listed.length < 2;
}

async function connect() {
  const listed = providers();
  if (!listed.length) throw new Refused("There is no wallet in this browser. The commands under each act do the same.");
  const wanted = element("wallet-choice").value;
  const { provider, name } = listed.find(({ uuid }) => uuid === wanted) ?? listed[0];
  if (chosen !== provider) {
    chosen = provider;
    taken([]);
    listen(provider);
  }
  taken(await chosen.request({ method: "eth_requestAccounts" }));
  if (!account) throw new Refused(`${name} gave no account.`);
  await checked("signed or sent");
  say(`Connected as ${short(account)}, ${data().roles[account] ?? "no party to this"}.`);
}

// A wallet that was chosen before goes on telling of its accounts: they are not this one's.
function listen(provider) {
  if (heard.has(provider)) return;
  heard.add(provider);
  provider.on?.("accountsChanged", (accounts) => provider === chosen && taken(accounts));
  provider.on?.("chainChanged", () => {
    if (provider === chosen && account) checked("sent").catch(refused);
  });
}

function taken(accounts) {
  account = accounts?.[0]?.toLowerCase() ?? null;
  mark();
}

// A wallet on another chain would sign for another contract, or none. `spared`: what is not done for it.
async function checked(spared) {
  const wanted = data().chain_id;
  const here = Number(await chosen.request({ method: "eth_chainId" }));
  element("wallet-switch").hidden = here === wanted;
  if (here !== wanted) {
    throw new Refused(`Your wallet is on chain ${here}; this escrow is on chain ${wanted}. Nothing was ${spared}.`);
  }
}

async function change() {
  const chainId = "0x" + data().chain_id.toString(16);
  try {
    await chosen.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
  } catch (error) {
    if (error?.code === 4902) {
      throw new Refused(`Your wallet does not know chain ${data().chain_id}: add it there first.`);
    }
    throw error;
  }
  await checked("sent");
  say("Your wallet is on the right chain now.");
}

// Says beside each act whether the connected account may do it.
function mark() {
  const { allowed } = data();
  for (const offer of document.querySelectorAll("[data-offer]")) {
    const button = offer.querySelector("[data-send]");
    const who = button ? allowed[button.dataset.send] : undefined;
    const fit = offer.querySelector("[data-fit]");
    if (!who || !fit) continue;
    fit.textContent = account ? (!who.length || who.includes(account) ? "you may" : "not with this account") : "";
  }
}

// ---- an act

function replaced(calldata, at, size, digits) {
  const start = 2 + 2 * at;
  return calldata.slice(0, start) + digits + calldata.slice(start + 2 * size);
}

async function free() {
  const call = { to: data().escrow, data: data().free + hex(BigInt(account)) };
  const amount = BigInt(await chosen.request({ method: "eth_call", params: [call, "latest"] }));
  if (amount === 0n) throw new Refused(`${short(account)} has no free collateral: there is nothing to claim.`);
  return hex(amount);
}

function entered(way) {
  const text = element(`hash-${way.id}`).value.trim();
  if (!/^0x[0-9a-fA-F]{64}$/.test(text) || /^0x0+$/.test(text)) {
    throw new Refused("Enter the hash of the delivery's manifest: 0x and 64 hex digits. oracle delivery pack prints it.");
  }
  return text.slice(2).toLowerCase();
}

async function signed(way) {
  say("Your wallet shows what you sign.");
  const params = [account, JSON.stringify(way.typed.data)];
  const signature = String(await chosen.request({ method: "eth_signTypedData_v4", params })).toLowerCase();
  // Some hardware wallets count v from 0; the contract and USDC count from 27.
  const v = parseInt(signature.slice(-2), 16);
  return signature.length === 132 && v < 2 ? signature.slice(0, -2) + (27 + v).toString(16) : signature;
}

async function filled(way) {
  let calldata = way.data;
  for (const { kind, at, size } of way.slots) {
    let digits;
    if (kind === "account") digits = hex(BigInt(account));
    else if (kind === "free") digits = await free();
    else if (kind === "hash") digits = entered(way);
    else digits = (await signed(way)).slice(2);
    if (digits.length !== 2 * size) {
      throw new Refused("Your wallet signs as a contract; use the other way, or the command.");
    }
    calldata = replaced(calldata, at, size, digits);
  }
  return calldata;
}

async function act(id) {
  const way = data().ways.find((each) => each.id === id);
  if (!way) throw new Refused("This can no longer be done. The page shows what can.");
  if (!account) await connect();
  await checked("signed or sent");
  const who = data().allowed[id];
  if (who.length && !who.includes(account)) {
    const list = who.map(short).join(" or ");
    throw new Refused(`Only ${list} may do this; your wallet's account is ${short(account)}. Choose the other account.`);
  }
  if (way.into) return intoAgreement(way);
  const from = account;
  const transaction = { from, to: way.to, data: await filled(way), value: "0x0" };
  say("Trying it without sending …");
  await chosen.request({ method: "eth_call", params: [transaction, "latest"] });
  // A prompt stays open for as long as somebody likes: the wallet may be elsewhere, or somebody else's, by now.
  await checked("sent");
  if (account !== from) throw new Refused("Your wallet's account changed meanwhile. Nothing was sent.");
  say("Your wallet asks whether to send it.");
  const chainId = "0x" + data().chain_id.toString(16);
  const hash = await chosen.request({ method: "eth_sendTransaction", params: [{ ...transaction, chainId }] });
  say(`Sent as ${hash}. Waiting for a block …`);
  await mined(hash);
}

async function mined(hash) {
  const end = Date.now() + SECONDS_TO_WAIT * 1000;
  while (Date.now() < end) {
    const receipt = await chosen.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (receipt) {
      if (Number(receipt.status) !== 1) throw new Refused(`The chain refused ${hash}: something changed meanwhile.`);
      say(`Done in block ${Number(receipt.blockNumber)}: ${hash}. The page follows once it has read that block.`, "done");
      document.dispatchEvent(new CustomEvent("earnest:acted"));
      return;
    }
    await pause(1000);
  }
  throw new Refused(`${hash} is not in a block after ${SECONDS_TO_WAIT} s; your wallet shows what became of it.`);
}

async function intoAgreement(way) {
  const field = element("agreement");
  const file = JSON.parse(field.value);
  file.signatures = { ...(file.signatures ?? {}), [way.into]: await signed(way) };
  field.value = JSON.stringify(file, null, 2);
  field.form.requestSubmit();
}

// ---- what went wrong

function revertData(error, depth = 0) {
  if (typeof error === "string") return /^0x([0-9a-fA-F]{2}){4,}$/.test(error) ? error : null;
  if (!error || typeof error !== "object" || depth > 4) return null;
  for (const key of ["data", "error", "originalError", "cause", "info"]) {
    const inner = revertData(error[key], depth + 1);
    if (inner) return inner;
  }
  return null;
}

async function explained(error) {
  if (error instanceof Refused) return error.message;
  if (error?.code === 4001) return "You refused in your wallet. Nothing was sent.";
  const reverted = revertData(error);
  if (reverted) {
    const answer = await fetch(`/explain?data=${reverted.slice(0, 4096)}`);
    if (answer.ok) {
      const { message, next_step: next } = await answer.json();
      return `The contract would refuse this: ${message}.${next ? ` Next: ${next}.` : ""} Nothing was sent.`;
    }
  }
  return `Your wallet says: ${String(error?.message ?? error).slice(0, 300)}`;
}

async function refused(error) {
  say(await explained(error), "refused");
}

async function doing(work) {
  const section = element("acts");
  if (section?.getAttribute("aria-busy") === "true") return;
  section?.setAttribute("aria-busy", "true");
  say("Asking your wallet …"); // what an earlier act came to is not this one's
  try {
    await work();
  } catch (error) {
    await refused(error);
  } finally {
    element("acts")?.removeAttribute("aria-busy");
  }
}

function show() {
  for (const hidden of document.querySelectorAll("[data-needs-wallet]")) hidden.hidden = false;
  mark();
}

if (element("acts-data")) {
  window.addEventListener("eip6963:announceProvider", announced);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.id === "wallet-connect") doing(connect);
    else if (button.id === "wallet-switch") doing(change);
    else if (button.dataset.send) doing(() => act(button.dataset.send));
  });
  document.addEventListener("earnest:replaced", show);
  show();
}
