import type { ConsumerSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { RECYCLE_VARIABLE } from '../../../pipeline/propagation/recycle-mark.ts';
import { roleArn, zip } from '../../packages/laptop/services/lambda/laptop.ts';
import type { PropagationWorld } from './propagation-world.ts';

const ALIAS = 'live';

/** Somebody's function, as they deploy it, and a look at it that takes nobody's word. */
export class Consumer {
  readonly world: PropagationWorld;
  readonly settings: ConsumerSettings;
  readonly #name: string;
  #release = 1;
  #servedAtPromotion = '';
  #isAhead = false;

  private constructor(world: PropagationWorld, name: string, hasAlias: boolean) {
    this.world = world;
    this.#name = name;
    this.settings = {
      name,
      functionArn: `arn:aws:lambda:${world.cloud.region}:${world.cloud.accountId}:function:${name}`,
      ...(hasAlias && { alias: ALIAS }),
      freshness: 'recycle',
      maxAgeSeconds: 300,
      longestInvocationSeconds: 30,
    };
  }

  static async make(world: PropagationWorld, name: string, hasAlias: boolean): Promise<Consumer> {
    const consumer = new Consumer(world, name, hasAlias);
    await world.person('lambda', 'CreateFunction', {
      FunctionName: name,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: zip({ 'index.js': 'exports.handler = async () => 1;' }) },
      Environment: { Variables: consumer.#variables() },
      Timeout: 7,
      MemorySize: 256,
    });
    await consumer.settle();
    if (!hasAlias) return consumer;
    const { Version } = await world.person('lambda', 'PublishVersion', { FunctionName: name, Description: 'release' });
    await world.person('lambda', 'CreateAlias', { FunctionName: name, Name: ALIAS, FunctionVersion: Version });
    await world.person('lambda', 'PutProvisionedConcurrencyConfig', {
      FunctionName: name,
      Qualifier: ALIAS,
      ProvisionedConcurrentExecutions: 2,
    });
    await consumer.settle();
    return consumer;
  }

  get #found() {
    return this.world.lambda.state.get(this.world.cloud, this.#name);
  }

  get #serving() {
    const { latest, versions, aliases } = this.#found;
    if (!this.settings.alias) return latest;
    return versions.get(aliases.get(ALIAS)!.functionVersion)!;
  }

  /** From here on an environment that was there before may hold an older value. */
  promoted(): void {
    this.#servedAtPromotion = this.#serving.snapshot.key;
  }

  /** Every environment began after the promotion: Lambda runs another configuration, and no other beside it. */
  isConverged(): boolean {
    const { latest, provisioned, aliases } = this.#found;
    const isWhole = this.settings.alias
      ? aliases.get(ALIAS)?.additionalWeights === undefined && provisioned.get(ALIAS)?.status === 'READY'
      : latest.updating === undefined;
    return isWhole && this.#serving.snapshot.key !== this.#servedAtPromotion;
  }

  /** As a deployment does it: the whole environment is replaced. Refused by Lambda while another change is made. */
  async deploy(): Promise<void> {
    const Environment = { Variables: this.#variables(this.#release + 1) };
    try {
      await this.world.person('lambda', 'UpdateFunctionConfiguration', { FunctionName: this.#name, Environment });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ResourceConflictException') throw error;
      return;
    }
    this.#release += 1;
    this.#isAhead = this.settings.alias !== undefined;
  }

  /** The rest of a deployment that was begun: publish, and move the alias. */
  async finishDeployment(): Promise<void> {
    await this.settle();
    if (!this.#isAhead) return;
    const { Version } = await this.world.person('lambda', 'PublishVersion', {
      FunctionName: this.#name,
      Description: 'release',
    });
    await this.world.person('lambda', 'UpdateAlias', {
      FunctionName: this.#name,
      Name: ALIAS,
      FunctionVersion: Version,
    });
    this.#isAhead = false;
    await this.settle();
  }

  /** Lets what Lambda has begun come to its end. */
  settle(): Promise<void> {
    const { latest, provisioned } = this.#found;
    return this.world.passTime(
      () =>
        latest.state === 'Active' &&
        latest.updating === undefined &&
        (provisioned.get(ALIAS)?.status ?? 'READY') === 'READY',
    );
  }

  /** Everything but our variable is as its owner left it, and nothing of ours has piled up. */
  expectUntouched(): void {
    const { latest, versions } = this.#found;
    for (const { snapshot } of this.#isAhead ? [latest] : [latest, this.#serving]) {
      const { [RECYCLE_VARIABLE]: _mark, ...variables } = snapshot.settings.variables ?? {};
      expect(variables).toEqual(this.#variables());
      expect(snapshot.settings).toMatchObject({ timeoutSeconds: 7, memoryMegabytes: 256, handler: 'index.handler' });
    }
    // What was ours before somebody's release stays: nothing leads to it any more.
    const sinceRelease = [...versions.values()].reverse();
    const release = sinceRelease.findIndex(({ snapshot }) => snapshot.settings.description === 'release');
    expect(release).toBeLessThanOrEqual(2);
  }

  #variables(release = this.#release): Record<string, string> {
    return { STAGE: 'prod', RELEASE: String(release), URL: 'postgresql://a:b@c/d?e=%20' };
  }
}
