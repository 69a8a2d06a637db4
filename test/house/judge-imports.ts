import { dirname } from 'node:path';
import { type ImportTable, type PackageRule, TESTS } from './imports.ts';
import type { Import } from './read-imports.ts';

/** The row in which a file stands: its own, or its folder's. */
export function rowOf(path: string, table: ImportTable): string {
  if (path.startsWith(`${TESTS}/`)) return TESTS;
  return Object.hasOwn(table, path) ? path : dirname(path);
}

/** Files whose folder has no row, and rows that hold no file. */
export function missingRows(files: readonly string[], table: ImportTable): { folders: string[]; rows: string[] } {
  const found = new Set(files.map((path) => rowOf(path, table)));
  return {
    folders: [...found].filter((row) => row !== TESTS && !Object.hasOwn(table, row)),
    rows: Object.keys(table).filter((row) => !found.has(row)),
  };
}

/** Imports that go from one row to another, by both. */
function crossings(imports: readonly Import[], table: ImportTable) {
  return imports
    .flatMap(({ from, files }) => files.map((file) => ({ from, file })))
    .map(({ from, file }) => ({ from, file, row: rowOf(from, table), other: rowOf(file, table) }))
    .filter(({ row, other }) => row !== other && row !== TESTS);
}

export function refusedImports(imports: readonly Import[], table: ImportTable): string[] {
  return crossings(imports, table)
    .filter(({ row, other }) => !table[row]?.includes(other))
    .map(({ from, file, row, other }) => `${from} imports ${file}: ${row} may not import ${other}`);
}

/** What rows allow and no file does. */
export function unusedAllowances(imports: readonly Import[], table: ImportTable): string[] {
  const used = new Set(crossings(imports, table).map(({ row, other }) => `${row} → ${other}`));
  return Object.entries(table)
    .flatMap(([row, others]) => others.map((other) => `${row} → ${other}`))
    .filter((allowance) => !used.has(allowance));
}

export function refusedPackages(imports: readonly Import[], rules: readonly PackageRule[]): string[] {
  const isIn = (from: string, place: string) => from === place || from.startsWith(`${place}/`);
  return imports.flatMap(({ from, specifier }) =>
    rules
      .filter(({ packages }) => packages.some((name) => isOfPackage(specifier, name)))
      .filter(({ only, never = [] }) => {
        if (never.some((place) => isIn(from, place))) return true;
        return only !== undefined && !only.some((place) => isIn(from, place));
      })
      .map(() => `${from} may not import ${specifier}`),
  );
}

function isOfPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(name.endsWith('/') ? name : `${name}/`);
}

/** The groups of rows, or of files, that reach each other: each in alphabetical order. */
export function findCircles(table: ImportTable): string[][] {
  const reached = new Map(Object.keys(table).map((name) => [name, reachable(name, table)]));
  const groups = new Map<string, string[]>();
  for (const [name, others] of reached) {
    const group = [...others].filter((other) => reached.get(other)?.has(name)).sort();
    if (group.length > 1) groups.set(group.join(' '), group);
  }
  return [...groups.values()];
}

function reachable(start: string, table: ImportTable): Set<string> {
  const seen = new Set<string>();
  const open = [...(table[start] ?? [])];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(table[name] ?? []));
  }
  return seen;
}

/** Which of some folders each of them imports, by the rows inside it. A folder inside another that is named counts as that one. */
export function importsBetween(folders: readonly string[], table: ImportTable): Map<string, string[]> {
  const folderOf = (row: string) =>
    folders
      .filter((folder) => row === folder || row.startsWith(`${folder}/`))
      .sort((a, b) => b.length - a.length)
      .at(0);
  const found = new Map(folders.map((folder) => [folder, new Set<string>()]));
  for (const [row, others] of Object.entries(table)) {
    const folder = folderOf(row);
    if (folder === undefined) continue;
    for (const other of others) {
      const target = folderOf(other);
      if (target !== undefined && target !== folder) found.get(folder)?.add(target);
    }
  }
  return new Map(
    [...found].map(([folder, targets]) => [
      folder,
      [...targets].filter((target) => ![...targets].some((outer) => target.startsWith(`${outer}/`))).sort(),
    ]),
  );
}
