import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { missingLicenceText } from './missing-licences.ts';
import { ROOT } from './root.ts';

/** Licences that a package may hold code under; another one is a decision for a person. */
const accepted = new Set(['0BSD', 'Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0']);

const SEPARATOR = `\n${'-'.repeat(80)}\n\n`;

/** What is inside of a package: its name, version, licence and the licence's text. */
export interface Notice {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** The licence, and what the package's own NOTICE says. */
  readonly text: string;
}

/** Writes THIRD-PARTY-NOTICES: the code of other packages is bundled, and their comments are not. */
export async function writeNotices(file: string, bundles: readonly Metafile[]): Promise<void> {
  const folders = new Set(bundles.flatMap(({ inputs }) => Object.keys(inputs).flatMap(packageFolder)));
  const notices = [...folders].map((folder) => readNotice(join(ROOT, folder)));
  notices.sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
  const unique = notices.filter(({ name, version }, index) => {
    const before = notices[index - 1];
    return before?.name !== name || before.version !== version;
  });
  await writeFile(file, unique.map(format).join(SEPARATOR));
}

/** The packages that a file of notices names: `jose 6.2.17`. */
export function noticesIn(text: string): string[] {
  const sections = text.split(SEPARATOR);
  return sections.map((section) => section.slice(0, section.indexOf(' (')));
}

/** `node_modules/a/node_modules/@b/c/lib/d.js` → `node_modules/a/node_modules/@b/c` */
function packageFolder(path: string): string[] {
  const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path);
  return found ? [found[0]] : [];
}

function readNotice(folder: string): Notice {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!accepted.has(license)) {
    throw new Error(
      `${name} ${version}: its licence is ${license}; expected one of ${[...accepted].join(', ')}. Ask a person, then add it to tools/pack/notices.ts.`,
    );
  }
  const texts = [licenceText(folder, name, license), noticeText(folder)];
  return {
    name,
    version,
    licence: license,
    text: texts
      .map((text) => text.trim())
      .join('\n\n')
      .trim(),
  };
}

function licenceText(folder: string, name: string, licence: string): string {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$|-)/i.test(entry));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  const text = missingLicenceText(name, licence);
  if (text !== undefined) return text;
  throw new Error(`${name}: no licence file is in ${folder}. Add its text to tools/pack/missing-licences.ts.`);
}

function noticeText(folder: string): string {
  const file = readdirSync(folder).find((entry) => /^notice(\.|$)/i.test(entry));
  return file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
}

function format({ name, version, licence, text }: Notice): string {
  return `${name} ${version} (${licence})\n\n${text}\n`;
}
