/**
 * A Debian package of a packed application, by electron-installer-debian and the system's `dpkg-deb` and `fakeroot`: electron-builder
 * would fetch another program for it. The names, the icons and what it depends on are those of electron-builder.yml.
 */
import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Installer } from "electron-installer-debian";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "..", "..");
const SIZES = [16, 24, 32, 48, 64, 128, 256, 512];

/** What of electron-builder.yml is in a Debian package. */
interface Rules {
  productName: string;
  linux: {
    executableName: string;
    synopsis: string;
    maintainer: string;
    category: string;
    fileAssociations: { ext: string; description: string; mimeType: string }[];
  };
  deb: { depends: string[] };
}

/** Why no Debian package can be made here; undefined where one can. */
export function whyNoDeb(): string | undefined {
  if (process.platform !== "linux") return "Debian packages are made on Linux";
  const missing = ["dpkg-deb", "fakeroot"].filter((program) => !isThere(program));
  return missing.length === 0 ? undefined : `${missing.join(" and ")} is not installed: apt-get install dpkg fakeroot`;
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

class DioramaDeb extends Installer {
  readonly #rules: Rules;
  readonly #name: string;

  constructor(options: ConstructorParameters<typeof Installer>[0], rules: Rules) {
    super(options);
    this.#rules = rules;
    this.#name = rules.linux.executableName;
  }

  override get contentFunctions(): string[] {
    return [...super.contentFunctions, "createMimeType", "createPackageType"];
  }

  /** Its own would depend on what old Electrons needed. */
  override generateDefaults(): Promise<unknown> {
    this.defaults = {};
    return Promise.resolve(this.defaults);
  }

  /** Called by createCopyright. */
  copyLicense(copyrightFile: string): Promise<void> {
    return copyFile(join(ROOT, "LICENSE"), copyrightFile);
  }

  /** So that file managers know a project when they see one. */
  async createMimeType(): Promise<void> {
    const folder = join(this.stagingDir, "usr/share/mime/packages");
    const types = this.#rules.linux.fileAssociations.map(
      ({ ext, description, mimeType }) =>
        `  <mime-type type="${mimeType}">\n    <comment>${description}</comment>\n    <glob pattern="*.${ext}"/>\n  </mime-type>\n`,
    );
    await mkdir(folder, { recursive: true });
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">\n${types.join("")}</mime-info>\n`;
    await writeFile(join(folder, `${this.#name}.xml`), xml);
    await chmod(join(folder, `${this.#name}.xml`), 0o644);
  }

  /** Tells the program that the package manager brings its updates. */
  async createPackageType(): Promise<void> {
    const resources = join(this.stagingDir, "usr/lib", this.#name, "resources");
    await mkdir(resources, { recursive: true });
    await writeFile(join(resources, "package-type"), "deb");
  }
}

/** Makes the package of the application in `source`, for x64 or arm64, and returns its file in `dest`. */
export async function makeDeb(source: string, dest: string, version: string, arch: string): Promise<string> {
  const rules = parse(await readFile(join(ROOT, "electron-builder.yml"), "utf8")) as Rules;
  const { linux, deb, productName } = rules;
  const name = linux.executableName;
  const debArch = arch === "x64" ? "amd64" : arch;
  // A pre-release comes before its release: 1.0.0~beta.1.
  const debVersion = version.replace("-", "~");
  const file = join(dest, `${name}_${debVersion}_${debArch}.deb`);
  const installer = new DioramaDeb(
    {
      src: source,
      dest,
      rename: () => file,
      logger: () => undefined,
      options: {
        name,
        productName,
        bin: name,
        version: debVersion,
        arch: debArch,
        maintainer: linux.maintainer,
        homepage: "",
        description: linux.synopsis,
        productDescription: "Tie phrases of a prompt to boxes, and Stable Diffusion draws them there.",
        genericName: "",
        section: "graphics",
        priority: "optional",
        size: kibibytesUnder(source),
        revision: "",
        depends: deb.depends,
        categories: [linux.category],
        mimeType: linux.fileAssociations.map(({ mimeType }) => mimeType),
        icon: Object.fromEntries(
          SIZES.map((size) => [`${size}x${size}`, join(ROOT, "resources", "icons", `${size}x${size}.png`)]),
        ),
        compression: "zstd", // what has the libc that is asked for can unpack it
        lintianOverrides: [],
      },
    },
    rules,
  );
  const umask = process.umask(0o022);
  try {
    await installer.generateDefaults();
    installer.generateOptions();
    await installer.createStagingDir();
    await installer.createContents();
    await installer.createPackage();
    await installer.movePackage();
  } finally {
    process.umask(umask);
  }
  return file;
}

function kibibytesUnder(folder: string): number {
  return Number(/^\d+/.exec(execFileSync("du", ["-sk", folder], { encoding: "utf8" }))![0]);
}
