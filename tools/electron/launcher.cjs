// Stands where a packaged app would: runs the app folder given as the first argument, as a plain `electron .` does.
const { app } = require("electron");
const { readFileSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { pathToFileURL } = require("node:url");

const folder = resolve(process.argv.slice(1).find((argument) => !argument.startsWith("-")) ?? ".");
const { main, name, productName, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
app.setAppPath(folder);
app.setName(productName ?? name);
if (version) app.setVersion(version);
app.setPath("userData", join(app.getPath("appData"), app.getName()));
const entry = join(folder, main ?? "index.js");
// What must happen before the app is ready (naming protocols) can only happen in a script that is loaded at once.
if (entry.endsWith(".cjs")) require(entry);
else
  import(pathToFileURL(entry)).catch((error) => {
    console.error(error);
    app.exit(1);
  });
