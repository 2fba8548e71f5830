/**
 * What another machine knows this one by: a certificate that it has made itself, kept with its key in the data folder. It is the
 * server's where this machine is drawn on, and the client's where it draws on another.
 */
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import * as v from "valibot";
import { AppError } from "../wire/errors.ts";
import { changeAlone, writePrivate } from "../service/privateFile.ts";

export interface Identity {
  /** PEM. */
  cert: string;
  key: string;
  /** SHA-256 of the certificate, in hexadecimal. */
  fingerprint: string;
}

const schema = v.object({ cert: v.string(), key: v.string() });

/** Of the certificate that a connection's other end has shown, and has the key of; undefined where it has shown none. */
export function fingerprintOf(socket: TLSSocket): string | undefined {
  const { raw } = socket.getPeerCertificate() as Partial<DetailedPeerCertificate>;
  return raw && sha256(raw);
}

/** This machine's identity; made where there is none yet. */
export async function identityIn(folder: string): Promise<Identity> {
  const path = join(folder, "identity.json");
  if (!existsSync(path)) {
    const made = await makeIdentity();
    // A window and an engine that begin at once are one machine: the first to be kept is the one.
    changeAlone(path, () => existsSync(path) || writePrivate(path, made));
  }
  try {
    return withFingerprint(v.parse(schema, JSON.parse(readFileSync(path, "utf8"))));
  } catch (error) {
    const message = `${path} cannot be read: this machine's certificate is in it. Remove the file and a new one is made; machines that know the old one have to be paired again.`;
    throw new AppError("file-unreadable", message, { path }, { cause: error });
  }
}

/** A certificate that names nothing but the program: who trusts it trusts its fingerprint. */
async function makeIdentity(): Promise<{ cert: string; key: string }> {
  // What makes certificates is loaded where one is made.
  await import("reflect-metadata");
  const { X509CertificateGenerator } = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const now = new Date();
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=Diorama",
      serialNumber: randomBytes(16).toString("hex"),
      notBefore: new Date(now.getTime() - 24 * 3_600_000), // a clock may be late
      notAfter: new Date(now.getFullYear() + 100, 0),
      keys,
      signingAlgorithm: algorithm,
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const lines = key.match(/.{1,64}/g)!.join("\n");
  return { cert: made.toString("pem"), key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n` };
}

function withFingerprint({ cert, key }: { cert: string; key: string }): Identity {
  const body = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/.exec(cert)?.[1];
  if (body === undefined || !key.includes("PRIVATE KEY")) throw new Error("no certificate");
  return { cert, key, fingerprint: sha256(Buffer.from(body, "base64")) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
