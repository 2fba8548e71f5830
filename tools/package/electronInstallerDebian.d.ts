/** What tools/package/deb.ts uses of electron-installer-debian, which comes without types. */
declare module "electron-installer-debian" {
  interface Options {
    src: string;
    dest: string;
    options: Record<string, unknown>;
    rename: (dest: string) => string;
    logger: (line: string) => void;
  }
  export class Installer {
    constructor(options: Options);
    defaults: Record<string, unknown>;
    /** Where the package's files are gathered. */
    stagingDir: string;
    get contentFunctions(): string[];
    generateDefaults(): Promise<unknown>;
    generateOptions(): unknown;
    createStagingDir(): Promise<void>;
    createContents(): Promise<unknown>;
    createPackage(): Promise<void>;
    movePackage(): Promise<void>;
  }
}
