import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist/", "node_modules/", "resources/", "tools/demo-model/", "**/*.cjs"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js", "svelte.config.js"] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"], // of all files: where they differ, the whole project is read anew at each change
      },
    },
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true }],
      "@typescript-eslint/no-non-null-assertion": "off", // arrays under noUncheckedIndexedAccess: `a[i]!` inside a bounded loop
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-restricted-syntax": [
        "error",
        { selector: "ExportAllDeclaration", message: "Name what a module exports." },
        { selector: "ExportDefaultDeclaration", message: "Named exports only." },
      ],
    },
  },
  {
    files: ["src-renderer/**/*.svelte", "src-renderer/**/*.svelte.ts"],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: tseslint.parser },
    },
    rules: {
      "prefer-const": "off", // $props() and $bindable() are taken apart with `let`
      "@typescript-eslint/no-unnecessary-condition": "off", // the types of templates hide what may be undefined
      "@typescript-eslint/no-meaningless-void-operator": "off", // an effect reads what it shall follow
      "svelte/prefer-svelte-reactivity": "off", // maps in $state.raw are replaced, never changed
      // The parser does not know what components call back with and says `any`; svelte-check knows, and checks it.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
    },
  },
  {
    files: ["*.config.js", "*.config.ts"],
    rules: { "no-restricted-syntax": "off" },
  },
);
