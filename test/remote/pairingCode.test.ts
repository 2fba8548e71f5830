/** The code that pairs two machines: who knows it and sees the same certificates can show so, and nobody else. */
import { expect, test } from "vitest";
import { isProof, newCode, PairingSecret, readCode } from "../../src-main/remote/pairingCode.ts";

const HOST = "a".repeat(64);
const CLIENT = "b".repeat(64);

function agree(
  { hostCode = "1234 5678", clientCode = "1234 5678" } = {},
  ends = { host: { host: HOST, client: CLIENT }, client: { host: HOST, client: CLIENT } },
) {
  const host = new PairingSecret(hostCode, ends.host);
  const client = new PairingSecret(clientCode, ends.client);
  const shares = { host: host.share, client: client.share };
  return { ofHost: host.proofs(shares, "client")!, ofClient: client.proofs(shares, "host")! };
}

test("both sides come to the same proofs, which differ from side to side and from try to try", () => {
  const [first, second] = [agree(), agree()];
  expect(isProof(first.ofClient.client, first.ofHost.client)).toBe(true);
  expect(isProof(first.ofHost.host, first.ofClient.host)).toBe(true);
  expect(isProof(first.ofHost.host, first.ofHost.client)).toBe(false);
  expect(isProof(first.ofHost.host, second.ofHost.host)).toBe(false);
});

test("with another code, or another certificate in between, they come to others", () => {
  const wrong = agree({ clientCode: "1234 5679" });
  expect(isProof(wrong.ofClient.client, wrong.ofHost.client)).toBe(false);
  const middle = "c".repeat(64); // what either side sees of a relay
  const relayed = agree({}, { host: { host: HOST, client: middle }, client: { host: middle, client: CLIENT } });
  expect(isProof(relayed.ofClient.client, relayed.ofHost.client)).toBe(false);
});

test("what is no share is refused: garbage, and the point that every secret agrees on", () => {
  const secret = new PairingSecret("1234 5678", { host: HOST, client: CLIENT });
  for (const share of [new Uint8Array(32), new Uint8Array(32).fill(255), new Uint8Array(5)]) {
    expect(secret.proofs({ host: secret.share, client: share }, "client")).toBeUndefined();
  }
});

test("codes have eight digits, and are read however they are typed", () => {
  for (let i = 0; i < 50; i++) expect(newCode()).toMatch(/^\d{4} \d{4}$/);
  expect(["1234 5678", "12345678", " 1234-5678 ", "12–34–56 78"].map(readCode)).toEqual(new Array(4).fill("12345678"));
  expect(["", "1234 567", "1234 56789", "abcd efgh", "１２３４５６７８"].map(readCode)).toEqual(
    new Array(5).fill(undefined),
  );
});
