/**
 * A file attached to a PDF (ISO 32000-1, sections 7.5.6 and 7.11.4), as an update behind its end: viewers list it, and it is read
 * back from there. Works on the PDFs that sheetPdf makes, whose objects stand in a plain table.
 */
import { deflateSync, inflateSync } from "node:zlib";
import { AppError, invariant } from "../wire/errors.ts";

const NAME = "diorama-sheet.json";
const HEAD = "<< /Type /EmbeddedFile /Subtype /application#2Fvnd.diorama.sheet+json /Filter /FlateDecode /Length ";
/** Bytes of what is attached, unpacked. */
const LONGEST = 13 * 2 ** 20;

/** The PDF with `text` attached. */
export function withAttachment(pdf: Uint8Array, text: string): Uint8Array<ArrayBuffer> {
  const source = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength).toString("latin1");
  const trailer = /trailer\s*<<([\s\S]*?)>>\s*startxref\s+(\d+)\s+%%EOF\s*$/.exec(source);
  const size = Number(/\/Size (\d+)/.exec(trailer?.[1] ?? "")?.[1]);
  const root = /\/Root (\d+) 0 R/.exec(trailer?.[1] ?? "")?.[1];
  const catalog = root && new RegExp(`\\n${root} 0 obj\\n<<(/Type /Catalog[\\s\\S]*?)>>\\nendobj`).exec(source)?.[1];
  invariant(trailer && catalog && size > 0, "a PDF of ours ends with a table, a trailer and its catalogue");
  const packed = deflateSync(Buffer.from(text));
  const [file, spec] = [size, size + 1];
  const objects: [number, Buffer][] = [
    [
      Number(root),
      Buffer.from(
        `<<${catalog}\n/Names << /EmbeddedFiles << /Names [(${NAME}) ${spec} 0 R] >> >>\n/AF [${spec} 0 R]>>`,
        "latin1",
      ),
    ],
    [
      file,
      Buffer.concat([
        Buffer.from(`${HEAD}${packed.length} /Params << /Size ${Buffer.byteLength(text)} >> >>\nstream\n`),
        packed,
        Buffer.from("\nendstream"),
      ]),
    ],
    [
      spec,
      Buffer.from(
        `<< /Type /Filespec /F (${NAME}) /UF (${NAME}) /Desc (How the pictures were made) /AFRelationship /Data /EF << /F ${file} 0 R >> >>`,
      ),
    ],
  ];
  const parts: Buffer[] = [Buffer.from(pdf), Buffer.from("\n")];
  let offset = pdf.length + 1;
  const table: string[] = [];
  for (const [id, body] of objects) {
    const whole = Buffer.concat([Buffer.from(`${id} 0 obj\n`), body, Buffer.from("\nendobj\n")]);
    table.push(`${id} 1\n${String(offset).padStart(10, "0")} 00000 n \n`);
    parts.push(whole);
    offset += whole.length;
  }
  const rest = trailer[1]!.replace(/\/Size \d+/, `/Size ${size + 2}`);
  const end = `xref\n${table.join("")}trailer\n<<${rest}\n/Prev ${trailer[2]}>>\nstartxref\n${offset}\n%%EOF\n`;
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(end, "latin1")]));
}

/** What was attached by `withAttachment`; undefined where nothing was. */
export function readAttachment(pdf: Uint8Array): string | undefined {
  const bytes = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength);
  const at = bytes.lastIndexOf(HEAD);
  if (at < 0) return undefined;
  const head = /^(\d{1,8}) \/Params << \/Size \d{1,8} >> >>\nstream\n/.exec(
    bytes.toString("latin1", at + HEAD.length, at + HEAD.length + 80),
  );
  const begin = at + HEAD.length + (head?.[0].length ?? 0);
  const length = Number(head?.[1]);
  try {
    if (!head || begin + length > bytes.length) throw new Error("it was cut off");
    return inflateSync(bytes.subarray(begin, begin + length), { maxOutputLength: LONGEST }).toString("utf8");
  } catch (error) {
    const message = `the settings in the PDF are damaged: ${(error as Error).message}`;
    throw new AppError("image-invalid", message, {}, { cause: error });
  }
}
