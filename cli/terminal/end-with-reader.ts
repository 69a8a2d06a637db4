import { exitCodes } from './exit-codes.ts';

/** When the reader of the output goes away (`| head`), the process ends as SIGPIPE ends a program, without a word. Call it once. */
export function endWithReader(own: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exit'>): void {
  for (const stream of [own.stdout, own.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      own.exit(exitCodes.readerGone);
    });
  }
}
