import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

/** No sandbox: containers give the processes of a browser none of the namespaces that it wants. */
const FLAGS = ['--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'];

/** A real browser without a window: the packaged one on Linux x64; elsewhere KEYTURN_CHROMIUM names a Chromium or Chrome. */
export async function openBrowser(...more: string[]): Promise<Browser> {
  const executablePath = process.env.KEYTURN_CHROMIUM ?? (await packagedChromium());
  return chromium.launch({ executablePath, args: [...FLAGS, ...more], headless: true });
}

/**
 * Unpacks the Chromium of `@sparticuz/chromium` once. The package does so itself, but into one file for everybody on the
 * machine, half-written while another test begins; and its flags switch off what the page's policy is tested against.
 */
async function packagedChromium(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('The packaged Chromium is for Linux x64. Name another one: KEYTURN_CHROMIUM=/path/to/chrome.');
  }
  const home = join(createRequire(import.meta.url).resolve('@sparticuz/chromium'), '../../..');
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const folder = fileURLToPath(new URL('../.keyturn/browser/', import.meta.url));
  const unpacked = join(folder, `chromium-${version}`);
  if (existsSync(unpacked)) return unpacked;
  mkdirSync(folder, { recursive: true });
  const half = `${unpacked}.${process.pid}`;
  await pipeline(
    createReadStream(join(home, 'bin/chromium.br')),
    createBrotliDecompress(),
    createWriteStream(half, { mode: 0o700 }),
  );
  renameSync(half, unpacked);
  return unpacked;
}
