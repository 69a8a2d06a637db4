import { join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

export interface FilesToCompile {
  /** The folder that holds them; the output has the same folders. */
  readonly home: string;
  /** Paths within it. */
  readonly files: readonly string[];
  readonly folder: string;
  readonly format: 'esm' | 'cjs';
  readonly plugins?: Plugin[];
  readonly options?: Pick<BuildOptions, 'supported'>;
}

/** Compiles TypeScript file by file, so that every entry of a package shares the same modules. */
export async function compileFiles({ home, files, folder, format, plugins = [], options }: FilesToCompile) {
  await build({
    ...options,
    entryPoints: files.map((file) => join(home, file)),
    absWorkingDir: home,
    outbase: home,
    outdir: folder,
    // Each file stays one; bundling is on only so that the names of its neighbours can be changed.
    bundle: true,
    plugins: [...plugins, neighboursAsJavaScript],
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format,
    logLevel: 'error',
  });
}

/** Every file of ours that the entries reach, as paths within their home. */
export async function reachedFiles(home: string, entries: readonly string[]): Promise<string[]> {
  const { metafile } = (await build({
    entryPoints: entries.map((entry) => join(home, entry)),
    absWorkingDir: home,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    outdir: 'unwritten',
    metafile: true,
    logLevel: 'error',
  })) as { metafile: Metafile };
  return Object.keys(metafile.inputs);
}

const neighboursAsJavaScript: Plugin = {
  name: 'neighbours as JavaScript',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    ),
};
