// Writes what the library declares about the exchange's replies and frames as JSON Schemas, one per type.
//
// The library checks what it sends while it runs; what it receives is declared in its types only, with patterns in
// their comments. Usage: node make_schemas.mjs FILE
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DEFAULT_CONFIG, SchemaGenerator, createFormatter, createParser } from "ts-json-schema-generator";
import ts from "typescript";

const api = new URL("./node_modules/@nktkas/hyperliquid/esm/api/", import.meta.url);
const areas = ["info", "exchange", "subscription"];

const options = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
};
// Nothing beyond what is declared is let through.
const config = { ...DEFAULT_CONFIG, skipTypeCheck: true, jsDoc: "extended", additionalProperties: false };

const schemas = {};
let program;
for (const area of areas) {
  const folder = new URL(`${area}/_methods/`, api);
  const names = new Set();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".d.ts"))) {
    const source = readFileSync(new URL(file, folder), "utf8");
    for (const [, name] of source.matchAll(/export type (\w+(?:Response|Event))\b/g)) names.add(name);
  }
  // A program for each: two areas may give different types the same name. Files are read once.
  program = ts.createProgram([fileURLToPath(new URL(`${area}/mod.d.ts`, api))], options, undefined, program);
  const generator = new SchemaGenerator(program, createParser(program, config), createFormatter(config), config);
  for (const name of [...names].sort()) schemas[`${area}/${name}`] = generator.createSchema(name);
}
writeFileSync(process.argv[2], JSON.stringify(schemas));
