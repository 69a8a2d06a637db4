import { AsyncLocalStorage } from 'node:async_hooks';
import { Killed } from '../../pipeline/rotators/native-rotation.ts';
import { aroundClient, type Call, type Strike, type Target, undergo } from './faults.ts';

interface Process {
  isDead: boolean;
}

/**
 * Records the calls of functions, and of the state machine to them, while it is armed, and lets one of them meet a fault.
 * Each invocation is a process of its own: once killed it calls nothing any more.
 */
export class ProcessFaults {
  calls: Call[] = [];
  hasStruck = false;
  /** What somebody else does to the function right before the call that meets `deployed`. */
  deploy: (() => Promise<void>) | undefined;
  readonly #processes = new AsyncLocalStorage<Process>();
  #armed = false;
  #strike: Strike | undefined;

  arm(strike?: Strike): void {
    this.calls = [];
    this.hasStruck = false;
    this.#armed = true;
    this.#strike = strike;
  }

  disarm(): void {
    this.#armed = false;
  }

  inProcess<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    return this.#processes.run({ isDead: false }, work);
  }

  /** An SDK client whose calls are counted in the process that makes them. */
  around<Client extends Parameters<typeof aroundClient>[0]>(client: Client, target: Target): Client {
    return aroundClient(client, target, (call, run) => this.meet(call, run));
  }

  async meet<Result>(call: Call, run: () => Promise<Result>): Promise<Result> {
    const process = this.#processes.getStore();
    if (process?.isDead) throw new Killed(`dead before ${call.name}`);
    if (!this.#armed) return run();
    this.calls.push(call);
    const fault = this.#strike?.call === this.calls.length ? this.#strike.fault : undefined;
    if (fault) this.hasStruck = true;
    const die = (): never => {
      if (process) process.isDead = true;
      throw new Killed(`killed around ${call.name}`);
    };
    if (fault === 'killed-before') die();
    if (fault === 'killed-after') {
      await run().catch(() => undefined);
      die();
    }
    if (fault === 'deployed') await this.deploy?.();
    return undergo(fault, call, run);
  }
}
