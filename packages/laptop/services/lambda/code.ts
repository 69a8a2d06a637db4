import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { AwsError } from '../../cloud.ts';
import { invalidParameter } from './errors.ts';

const MOST_ZIPPED_BYTES = 50 * 1024 * 1024;
const MOST_UNZIPPED_BYTES = 262_144_000;

/** The code of a version: a folder of its own, outside of any project, so that it finds only what was deployed. */
export interface FunctionCode {
  readonly folder: string;
  /** Base 64, as CodeSha256. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Keeps each code once, by its content. */
export class CodeStore {
  readonly #folder: string;
  readonly #known = new Map<string, Promise<FunctionCode>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  fromZip(bytes: Uint8Array): Promise<FunctionCode> {
    if (bytes.length > MOST_ZIPPED_BYTES) {
      throw new AwsError(
        'RequestEntityTooLargeException',
        `Zipped size must be smaller than ${MOST_ZIPPED_BYTES} bytes`,
        {
          httpStatus: 413,
        },
      );
    }
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    return this.#keep(sha256, bytes.length, async (folder) => {
      for (const [name, content] of Object.entries(unzip(bytes))) {
        const file = resolve(folder, name);
        if (!file.startsWith(folder + sep)) throw unreadable();
        if (name.endsWith('/')) await mkdir(file, { recursive: true });
        else {
          await mkdir(dirname(file), { recursive: true });
          await writeFile(file, content);
        }
      }
    });
  }

  /** `files`: name → text, as CloudFormation's ZipFile makes an `index.js` (or `index.mjs`) of it. */
  fromText(files: Readonly<Record<string, string>>): Promise<FunctionCode> {
    const entries = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const);
    return this.fromZip(zipSync(Object.fromEntries(entries), { mtime: '1980-01-01' }));
  }

  /** An asset of an assembly: a folder, or a zip file. */
  async fromPath(path: string): Promise<FunctionCode> {
    if ((await stat(path)).isFile()) return this.fromZip(await readFile(path));
    const hash = createHash('sha256');
    let size = 0;
    for (const file of filesOf(path)) {
      const content = readFileSync(join(path, file));
      hash.update(`${file}\0${content.length}\0`).update(content);
      size += content.length;
    }
    return this.#keep(hash.digest('base64'), size, (folder) =>
      cp(path, folder, { recursive: true, dereference: true }),
    );
  }

  /** The code as one zip file, for callers that follow GetFunction's Location. */
  zip(code: FunctionCode): Uint8Array {
    const entries = filesOf(code.folder).map((file) => [file, readFileSync(join(code.folder, file))] as const);
    return zipSync(Object.fromEntries(entries), { mtime: '1980-01-01' });
  }

  async bySha256(hex: string): Promise<FunctionCode | undefined> {
    return this.#known.get(hex);
  }

  clear(): void {
    this.#known.clear();
  }

  #keep(sha256: string, sizeBytes: number, fill: (folder: string) => Promise<void>): Promise<FunctionCode> {
    const id = codeId(sha256);
    const known = this.#known.get(id);
    if (known) return known;
    const made = this.#make(id, fill).then((folder) => ({ folder, sha256, sizeBytes }));
    this.#known.set(id, made);
    made.catch(() => this.#known.delete(id));
    return made;
  }

  async #make(id: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const folder = join(this.#folder, id);
    if (existsSync(folder)) return folder;
    const half = `${folder}.half-${process.hrtime.bigint()}`;
    await mkdir(half, { recursive: true });
    await fill(half);
    await rename(half, folder);
    return folder;
  }
}

export const codeId = (sha256: string) => Buffer.from(sha256, 'base64').toString('hex');

function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  let size = 0;
  let tooLarge = false;
  try {
    return unzipSync(bytes, {
      filter: ({ originalSize }) => {
        size += originalSize;
        tooLarge ||= size > MOST_UNZIPPED_BYTES;
        if (tooLarge) throw new RangeError('too large');
        return true;
      },
    });
  } catch (error) {
    if (tooLarge) throw invalidParameter(`Unzipped size must be smaller than ${MOST_UNZIPPED_BYTES} bytes`);
    throw unreadable(error);
  }
}

function unreadable(cause?: unknown): AwsError {
  return new AwsError(
    'InvalidParameterValueException',
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
    { fields: { Type: 'User' }, cause },
  );
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
