import { exitCodes } from './exit-codes.ts';

/**  head`): this ends|The reader of the output went away (`| head`): this process ends| head`): this ends as a program that SIGPIPE ends, without a word. Call it once. */
export function endWithReader(own: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exit'>): void {
  for (const stream of [own.stdout, own.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      own.exit(exitCodes.readerGone);
    });
  }
}
