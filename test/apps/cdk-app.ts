import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../house/blocks.ts';
import { install } from './install-app.ts';
import { assertions, withSnippet } from './readme-snippet.ts';
import { run } from './run-command.ts';
import { asLocked, tarballs } from './tarballs.ts';

/** The CDK of this repository, and the oldest one that works. */
export const NEWEST_CDK = asLocked('aws-cdk-lib');
export const OLDEST_CDK = 'aws-cdk-lib@2.186.0';

/** The CDK judges every template; once is enough, it takes most of the time. */
export const WITHOUT_VALIDATION = { CDK_VALIDATION: 'false' };

const cdkOfRepository = [process.execPath, join(root, 'node_modules/aws-cdk/bin/cdk')];
/** Of March 2025, when aws-cdk-lib 2.186.0 was published: TypeScript 5.6, ts-node, ts-jest, CommonJS. */
const cdkOfItsTime = ['npx', 'aws-cdk@2.1006.0'];

/** Today's `cdk init app --language typescript` with README's snippet in its stack, installed. */
export async function makeTypeScriptApp(parent: string): Promise<string> {
  return makeApp({ parent, cdk: cdkOfRepository, language: 'typescript', library: NEWEST_CDK });
}

/** The same as `cdk init` wrote it in March 2025. */
export async function makeOlderApp(parent: string): Promise<string> {
  return makeApp({ parent, cdk: cdkOfItsTime, language: 'typescript', library: OLDEST_CDK });
}

/** Today's `cdk init app --language javascript`: CommonJS, without a compiler. */
export async function makeJavaScriptApp(parent: string): Promise<string> {
  return makeApp({ parent, cdk: cdkOfRepository, language: 'javascript', library: NEWEST_CDK });
}

interface AppToMake {
  /** The app is `<parent>/shop`: `cdk init` names it, and its stack, after its folder. */
  readonly parent: string;
  readonly cdk: readonly string[];
  readonly language: 'typescript' | 'javascript';
  readonly library: string;
}

async function makeApp({ parent, cdk, language, library }: AppToMake): Promise<string> {
  const folder = join(parent, 'shop');
  await mkdir(folder, { recursive: true });
  await run(folder, [...cdk, 'init', 'app', '--language', language, '--generate-only']);
  const ending = language === 'typescript' ? 'ts' : 'js';
  await change(join(folder, `lib/shop-stack.${ending}`), (stack) => withSnippet(stack, language));
  await change(join(folder, `test/shop.test.${ending}`), withAssertions);
  await install(folder, library, tarballs.keyturn);
  return folder;
}

async function change(file: string, changed: (text: string) => string): Promise<void> {
  await writeFile(file, changed(await readFile(file, 'utf8')));
}

/** The test that `cdk init` wrote stands in comments: with their marks taken away, and our assertions in place of its own. */
function withAssertions(commented: string): string {
  const text = commented.replace(/^\/\/ ?/gm, '').replace(/^example test.*\n.*\n/m, '');
  const [before, after, ...rest] = text.split(/const template = [\s\S]*?\n {2}\}\);/);
  if (before === undefined || after === undefined || rest.length > 0) {
    throw new Error(`Expected one assertion, as cdk init writes it:\n${commented}`);
  }
  return `${before.replace('SQS Queue Created', 'the secret rotates')}${assertions}${after}`;
}

export interface Template {
  readonly Resources: Record<string, { Type: string; Properties?: unknown; [more: string]: unknown }>;
  readonly [section: string]: unknown;
}

/** What `cdk synth` wrote for the app's one stack. */
export async function templateOf(folder: string): Promise<Template> {
  return templateAt(join(folder, 'cdk.out/ShopStack.template.json'));
}

export async function templateAt(file: string): Promise<Template> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/** `cdk synth` as the app's cdk.json says. */
export async function synthesize(folder: string): Promise<Template> {
  await run(folder, ['npx', 'cdk', 'synth', '--quiet'], WITHOUT_VALIDATION);
  return templateOf(folder);
}
