import { join } from 'node:path';
import type { Call, Cloud } from '../../cloud.ts';
import { isPython, PythonLookup } from '../../environments/python.ts';
import { CodeStore } from './code.ts';
import { conflict } from './errors.ts';
import { functionArn, parseFunction } from './names.ts';
import { Runner } from './runner.ts';
import {
  type FunctionSettings,
  type FunctionVersion,
  type LambdaFunction,
  LambdaState,
  makeSnapshot,
  newRevisionId,
} from './state.ts';

/** What the operations of Lambda share: functions, their code, their environments, and how a change takes its time. */
export class Lambda {
  readonly cloud: Cloud;
  readonly state = new LambdaState();
  readonly code: CodeStore;
  readonly runner: Runner;
  readonly #python: PythonLookup;
  #generation = 0;

  constructor(cloud: Cloud, python = new PythonLookup(process.env.PATH)) {
    this.cloud = cloud;
    this.code = new CodeStore(join(cloud.directory, 'functions'));
    this.#python = python;
    this.runner = new Runner(cloud, python);
  }

  /** Why functions of this runtime cannot run on this machine; undefined when they can. */
  async lacks(runtime: string | undefined): Promise<string | undefined> {
    if (!isPython(runtime)) return undefined;
    const answer = await this.#python.find();
    if (!('missing' in answer)) return undefined;
    return `The runtime ${runtime} runs on the machine's python3, 3.9 or newer, and ${answer.missing}. Install Python 3, or start the laptop with a PATH that leads to it.`;
  }

  /** The function that an input names. Throws ResourceNotFoundException. */
  find(call: Call, input: { FunctionName: string; Qualifier?: string }) {
    const { name, qualifier } = parseFunction(call, input.FunctionName, input.Qualifier);
    return { fn: this.state.get(call, name, qualifier), qualifier };
  }

  /** ARN for authorisation, of a function that need not exist. */
  arnOf(call: Call, input: { FunctionName: string; Qualifier?: string }): string {
    const { name, qualifier } = parseFunction(call, input.FunctionName, input.Qualifier);
    return functionArn(call, name, qualifier);
  }

  /** Makes a function that is Active at once, or after the time that creation takes. */
  create(
    scope: { region: string },
    name: string,
    settings: FunctionSettings,
    options: { active: boolean },
  ): LambdaFunction {
    const arn = functionArn({ region: scope.region, accountId: this.cloud.accountId }, name);
    const revisionId = newRevisionId();
    const latest: FunctionVersion = {
      version: '$LATEST',
      arn,
      snapshot: makeSnapshot({ name, region: scope.region, arn }, '$LATEST', settings, revisionId),
      revisionId,
      lastModified: this.cloud.clock.now(),
      state: options.active ? 'Active' : 'Pending',
    };
    const fn: LambdaFunction = {
      name,
      region: scope.region,
      arn,
      latest,
      versions: new Map(),
      aliases: new Map(),
      nextVersion: 1,
      policies: new Map(),
      tags: new Map(),
      provisioned: new Map(),
      eventInvokeConfigs: new Map(),
      urls: new Map(),
      running: 0,
    };
    this.state.add(fn);
    if (!options.active) this.#later(() => this.#activate(latest));
    return fn;
  }

  /**
   * Changes $LATEST. Until the update is Successful old environments may answer; afterwards none does, and the
   * RevisionId has changed once more. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
   */
  change(fn: LambdaFunction, settings: FunctionSettings): void {
    const { latest } = fn;
    const previous = latest.snapshot;
    latest.revisionId = newRevisionId();
    latest.snapshot = makeSnapshot(fn, '$LATEST', settings, latest.revisionId);
    latest.lastModified = this.cloud.clock.now();
    latest.updating = { previous };
    this.#later(() => {
      latest.updating = undefined;
      latest.revisionId = newRevisionId();
      this.runner.pool.retire((snapshot) => snapshot.key === previous.key);
    });
  }

  /** Throws ResourceConflictException while a function is made or changed. */
  expectSettled(fn: LambdaFunction): void {
    if (fn.latest.state === 'Pending') {
      throw conflict(
        'The operation cannot be performed at this time. The function is currently in the following state: Pending',
      );
    }
    if (fn.latest.updating) {
      throw conflict(
        `The operation cannot be performed at this time. An update is in progress for resource: ${fn.arn}`,
      );
    }
  }

  /** Ends the environments of a function, or of one of its versions. */
  endEnvironments(fn: LambdaFunction, version?: string): void {
    this.runner.pool.retire(
      (snapshot) => snapshot.functionArn === fn.arn && (version === undefined || snapshot.version === version),
    );
  }

  /** Runs after the time that a change of a function takes, unless the service was reset meanwhile. */
  afterUpdateTime(callback: () => void): void {
    this.#later(callback);
  }

  async reset(): Promise<void> {
    this.#generation++;
    this.state.clear();
    await this.runner.stop();
  }

  #activate(version: FunctionVersion): void {
    version.state = 'Active';
    version.revisionId = newRevisionId();
  }

  #later(callback: () => void): void {
    const { least, most } = this.cloud.settings.functionUpdateMilliseconds;
    const generation = this.#generation;
    this.cloud.clock.after(least + this.cloud.random() * (most - least), () => {
      if (generation === this.#generation) callback();
    });
  }
}
