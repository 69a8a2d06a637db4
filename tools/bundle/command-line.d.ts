import type { BuildOptions } from 'esbuild';

export declare const commandLineOptions: BuildOptions & { metafile: true };
export declare function bundledCommandLine(): Promise<string>;
