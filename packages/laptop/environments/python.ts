import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LONGEST_MILLISECONDS = 60_000;
const OLDEST_MINOR = 9;

// Asked of the interpreter itself: what is on the PATH may be a shim, which needs variables that functions do not get.
// ctypes and resource are what bootstrap.py needs and what an interpreter can be built without.
const question = 'import ctypes, json, resource, sys; print(json.dumps([sys.executable, *sys.version_info[:3]]))';

export type PythonAnswer =
  | { readonly executable: string; readonly version: string }
  /** Why Python functions cannot run here, as the end of a sentence. */
  | { readonly missing: string };

export const isPython = (runtime: string | undefined): runtime is string => runtime?.startsWith('python') === true;

/** The `python3` of a search path, which runs the functions of all Python runtimes. */
export class PythonLookup {
  readonly #searchPath: string;
  #found: Extract<PythonAnswer, { executable: string }> | undefined;

  constructor(searchPath: string | undefined) {
    this.#searchPath = searchPath ?? '';
  }

  /** The interpreter. Throws before `find` has found it. */
  get executable(): string {
    if (!this.#found) throw new Error('A Python function was made before a python3 was found.');
    return this.#found.executable;
  }

  /** Looks for it; what was not there is looked for again at the next call. */
  async find(): Promise<PythonAnswer> {
    if (this.#found) return this.#found;
    const command = await this.#command();
    if (command === undefined) return { missing: 'there is no python3 on the PATH' };
    const answer = await ask(command);
    if ('executable' in answer) this.#found = answer;
    return answer;
  }

  async #command(): Promise<string | undefined> {
    for (const folder of this.#searchPath.split(delimiter).filter(Boolean)) {
      const command = join(folder, 'python3');
      const executable = await access(command, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (executable) return command;
    }
    return undefined;
  }
}

async function ask(command: string): Promise<PythonAnswer> {
  let stdout: string;
  try {
    ({ stdout } = await run(command, ['-c', question], { timeout: LONGEST_MILLISECONDS }));
  } catch (error) {
    const [reason = ''] = String((error as { stderr?: string }).stderr || error)
      .trim()
      .split('\n')
      .slice(-1);
    return { missing: `${command} does not answer (${reason})` };
  }
  const [executable, major, minor, patch] = JSON.parse(stdout) as [string, number, number, number];
  const version = `${major}.${minor}.${patch}`;
  if (major !== 3 || minor < OLDEST_MINOR) return { missing: `${command} is Python ${version}` };
  return { executable, version };
}
