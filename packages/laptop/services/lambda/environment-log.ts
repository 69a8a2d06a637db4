import { runtimeVersionArn } from './describe.ts';
import type { FunctionSnapshot } from './state.ts';

const TAIL_BYTES = 4 * 1024;

export type LogSink = (text: string, time: Date) => void;

/** One environment's log: its own lines, those that Lambda writes around them, and the tail that LogType `Tail` asks for. */
export class EnvironmentLog {
  readonly #write: LogSink;
  readonly #snapshot: FunctionSnapshot;
  readonly #now: () => Date;
  #tail = '';

  constructor(snapshot: FunctionSnapshot, write: LogSink, now: () => Date) {
    this.#snapshot = snapshot;
    this.#write = write;
    this.#now = now;
  }

  /** A line of the function's own. */
  take: LogSink = (text, time) => {
    this.#tail = (this.#tail + text).slice(-TAIL_BYTES);
    this.#write(text, time);
  };

  tail(): string {
    return Buffer.from(this.#tail).subarray(-TAIL_BYTES).toString('base64');
  }

  initStart(initializationType: string): void {
    const { runtime } = this.#snapshot.settings;
    const arn = runtimeVersionArn(this.#snapshot.region, runtime);
    const version = runtime.replace(/^(\D+)([\d.]+?)(\.x)?$/, '$1:$2.laptop');
    this.#line(`INIT_START Runtime Version: ${version}\tRuntime Version ARN: ${arn}\n`, 'platform.initStart', {
      initializationType,
      phase: 'init',
      runtimeVersion: version,
      runtimeVersionArn: arn,
    });
  }

  initReport(milliseconds: number, status: 'error' | 'timeout', errorType: string): void {
    const duration = milliseconds.toFixed(2);
    const type = status === 'error' ? `\tError Type: ${errorType}` : '';
    this.#line(
      `INIT_REPORT Init Duration: ${duration} ms\tPhase: init\tStatus: ${status}${type}\n`,
      'platform.initReport',
      { phase: 'init', status, metrics: { durationMs: Number(duration) } },
    );
  }

  start(requestId: string): void {
    const { version } = this.#snapshot;
    this.#tail = '';
    this.#line(`START RequestId: ${requestId} Version: ${version}\n`, 'platform.start', { requestId, version });
  }

  timedOut(requestId: string): void {
    const seconds = this.#snapshot.settings.timeoutSeconds.toFixed(2);
    this.#plain(`${this.#now().toISOString()} ${requestId} Task timed out after ${seconds} seconds\n\n`);
  }

  exited(requestId: string, reason: string): void {
    this.#plain(`RequestId: ${requestId} Error: ${reason}\nRuntime.ExitError\n`);
  }

  end(
    requestId: string,
    report: { durationMilliseconds: number; initMilliseconds?: number; memoryMegabytes: number; status: string },
  ): void {
    const { memoryMegabytes: size } = this.#snapshot.settings;
    const duration = report.durationMilliseconds.toFixed(2);
    const billed = Math.ceil(report.durationMilliseconds + (report.initMilliseconds ?? 0));
    const used = Math.min(report.memoryMegabytes, size);
    const init =
      report.initMilliseconds === undefined ? '' : `Init Duration: ${report.initMilliseconds.toFixed(2)} ms\t`;
    const status = report.status === 'success' ? '' : `Status: ${report.status}`;
    if (this.#isText) this.#plain(`END RequestId: ${requestId}\n`);
    this.#line(
      `REPORT RequestId: ${requestId}\tDuration: ${duration} ms\tBilled Duration: ${billed} ms\tMemory Size: ${size} MB\tMax Memory Used: ${used} MB\t${init}${status}\n`,
      'platform.report',
      {
        requestId,
        metrics: {
          durationMs: Number(duration),
          billedDurationMs: billed,
          memorySizeMB: size,
          maxMemoryUsedMB: used,
          ...(report.initMilliseconds === undefined
            ? {}
            : { initDurationMs: Number(report.initMilliseconds.toFixed(2)) }),
        },
        status: report.status,
      },
    );
  }

  get #isText(): boolean {
    return this.#snapshot.settings.logFormat === 'Text';
  }

  #plain(text: string): void {
    this.take(text, this.#now());
  }

  #line(text: string, type: string, record: object): void {
    const time = this.#now();
    this.take(this.#isText ? text : `${JSON.stringify({ time: time.toISOString(), type, record })}\n`, time);
  }
}
