import { Stack, Token } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import * as v from 'valibot';
import { hasLogin } from '../pipeline/contracts/grammar/hosts.ts';
import { contractOf } from '../pipeline/contracts/kinds/kind-contracts.ts';
import { checkParameters } from '../pipeline/contracts/settings/checks.ts';
import { ParameterSettings, parameterSettingsName } from '../pipeline/contracts/settings/parameter.ts';
import { CheckSettings, SecretSettings } from '../pipeline/contracts/settings/secret.ts';
import type { ConsumerSettings, MirrorSettings } from '../pipeline/contracts/settings/secret-types.ts';
import { settingsParameterName, settingsParameterProblem } from '../pipeline/contracts/settings/settings-parameter.ts';
import type { BundledFunction } from './bundled-function.ts';
import type { CheckFunctions } from './check-functions.ts';
import type { CheckProps } from './check-props.ts';
import type { ConfigSync } from './config-sync.ts';
import type { PipelineDashboard } from './dashboard.ts';
import type { LabelRules } from './label-rules.ts';
import { PropInvalid, refuseBadLiterals } from './literal-props.ts';
import type { PipelineAudit } from './pipeline-audit.ts';
import { refuseArnsOfElsewhere } from './placed-props.ts';
import { PropagationGrants } from './propagation-grants.ts';
import type { RotationFunction } from './rotation-function.ts';
import { arnForPolicies } from './secret-arn.ts';
import type { WorkflowStateMachines } from './state-machines.ts';

/** One secret in the care of a pipeline. */
export interface ManagedSecret {
  readonly secret: secretsmanager.ISecret;
  /** Its name in Secrets Manager. */
  readonly secretName: string;
  /** What the functions know of it, beside what follows a new value. */
  readonly settings: Omit<SecretSettings, 'schemaVersion' | 'name' | 'consumers' | 'checks' | 'mirrors'>;
  readonly consumers?: ConsumerSettings[];
  readonly checks?: CheckProps[];
  readonly mirrors?: MirrorSettings[];
  /** @default - others put its value */
  readonly rotation?: ManagedRotation;
}

export interface ManagedRotation {
  readonly rotationFunction: RotationFunction;
  /** Secrets that the rotation reads. */
  readonly reads: secretsmanager.ISecret[];
  /** Secrets of logins, which the rotation writes. */
  readonly puts: secretsmanager.ISecret[];
}

/** Secrets, by what policies and patterns say of them. */
export interface AdmittedSecrets {
  readonly secretNames: readonly string[];
  readonly secretArn: string;
  readonly settingsParameterArn: string;
}

/** The parts of a pipeline that work on each secret. */
export interface ManagedSecretsProps {
  readonly settingsPrefix: string;
  readonly workflow: WorkflowStateMachines;
  readonly prepare: BundledFunction;
  readonly recycleConsumer: BundledFunction;
  readonly mirrorSecret: BundledFunction;
  readonly compareMirror: BundledFunction;
  readonly checkFunctions: CheckFunctions;
  readonly labelRules: LabelRules;
  readonly dashboard: PipelineDashboard;
  readonly audit: PipelineAudit;
  readonly configSync: ConfigSync;
  /** Further accounts that ARNs may name. */
  readonly crossAccount: string[];
}

/** Takes secrets and parameters into the care of a pipeline: writes their settings, and grants what each needs, on it alone. */
export class ManagedSecrets {
  readonly #parts: ManagedSecretsProps;
  readonly #propagation: PropagationGrants;

  constructor(parts: ManagedSecretsProps) {
    this.#parts = parts;
    this.#propagation = new PropagationGrants(parts);
  }

  manage(scope: Construct, managed: ManagedSecret): ssm.StringParameter {
    const { secret, secretName, consumers = [], mirrors = [], rotation } = managed;
    this.#refuseBadProps(scope, managed);
    const checks = this.#parts.checkFunctions.settle(secret, managed.checks ?? []);
    const settings: SecretSettings = {
      schemaVersion: 1,
      name: secretName,
      ...managed.settings,
      consumers,
      checks,
      mirrors,
    };
    const parameter = new ssm.StringParameter(scope, 'Settings', {
      // It derives from the secret's name alone: the functions find it by that name.
      parameterName: settingsParameterName(this.#parts.settingsPrefix, known('secretName', secretName)),
      simpleName: false,
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      description: `Keyturn: what the pipeline knows of ${secretName}`,
      stringValue: Stack.of(scope).toJsonString(settings),
    });
    if (rotation) this.#grantRotation(rotation, secret, parameter.parameterArn);
    this.admit({
      secretNames: [secretName],
      secretArn: arnForPolicies(secret),
      settingsParameterArn: parameter.parameterArn,
    });
    for (const consumer of consumers) this.#propagation.grantConsumer(consumer);
    for (const check of checks) this.#parts.workflow.mayCheck(check.functionArn);
    for (const mirror of mirrors) this.#propagation.grantMirror(secret, mirror);
    return parameter;
  }

  /** Lets the pipeline see labels and settings: it prepares executions, hears of new values, shows and audits. */
  admit({ secretNames, secretArn, settingsParameterArn }: AdmittedSecrets): void {
    const { labelRules, dashboard, audit, prepare, workflow } = this.#parts;
    for (const name of secretNames) labelRules.watch(name);
    dashboard.mayShow(secretArn);
    workflow.mayWatch(secretArn);
    audit.mayLookAt(secretArn, settingsParameterArn);
    prepare.allow(['secretsmanager:DescribeSecret'], [secretArn]);
    prepare.allow(['ssm:GetParameter'], [settingsParameterArn]);
  }

  /** A parameter, or with a slash at its end everything under a path. */
  watchParameter(scope: Construct, parameterName: string, consumers: ConsumerSettings[]): void {
    const settings: ParameterSettings = { schemaVersion: 1, name: known('parameterName', parameterName), consumers };
    refuseBadLiterals(`Parameter ${parameterName}`, ParameterSettings, settings);
    refuseArnsOfElsewhere(scope, `Parameter ${parameterName}`, { consumers }, this.#parts.crossAccount);
    new ssm.StringParameter(scope, 'Settings', {
      parameterName: parameterSettingsName(this.#parts.settingsPrefix, parameterName),
      simpleName: false,
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      description: `Keyturn: who reads ${parameterName}`,
      stringValue: Stack.of(scope).toJsonString(settings),
    });
    this.#parts.configSync.watch(parameterName);
    for (const consumer of consumers) this.#propagation.grantConsumer(consumer);
  }

  /** What an app writes as text is held to the grammar of manifests: it ends in policies, settings and messages. */
  #refuseBadProps(scope: Construct, managed: ManagedSecret): void {
    const { secret, settings, rotation, secretName, checks = [] } = managed;
    const what = `Secret ${known('secretName', secretName)}`;
    const followers = { consumers: managed.consumers ?? [], mirrors: managed.mirrors ?? [] };
    // The functions of the pipeline's own checks are not known yet.
    refuseBadLiterals(what, SecretSettings, {
      schemaVersion: 1,
      name: secretName,
      ...settings,
      ...followers,
      checks: [],
    });
    const problem = settingsParameterProblem(this.#parts.settingsPrefix, secretName);
    if (problem) throw new PropInvalid(`${what}: ${problem}.`);
    if (settings.kind !== 'watched') {
      refuseBadLiterals(`${what}: rotator`, contractOf({ kind: settings.kind }).settings, settings.rotator);
    }
    for (const { name, type, functionArn, parameters = {} } of checks) {
      const check = { name, type, parameters, ...(functionArn !== undefined && { functionArn }) };
      refuseBadLiterals(`${what}: check`, type === 'function' ? CheckSettings : OwnCheck, check);
      if (type !== 'function') refuseBadLiterals(`${what}: check ${name}`, checkParameters[type], parameters);
      if (typeof parameters.url === 'string' && hasLogin(parameters.url)) {
        throw new PropInvalid(`${what}: check ${name}: url: expected an address without a login in it.`);
      }
    }
    const own = [secret, ...(rotation?.puts ?? [])];
    const placed = { ...followers, checks, own, reads: rotation?.reads ?? [] };
    refuseArnsOfElsewhere(scope, what, placed, this.#parts.crossAccount);
  }

  #grantRotation(rotation: ManagedRotation, secret: secretsmanager.ISecret, settingsParameterArn: string): void {
    const { rotationFunction, reads, puts } = rotation;
    rotationFunction.mayRotate(secret, settingsParameterArn);
    for (const read of reads) rotationFunction.mayRead(read);
    for (const login of puts) rotationFunction.mayPut(login);
    this.#parts.workflow.mayRotate(arnForPolicies(secret));
  }
}

/** The pipeline's own checks run in functions of its own. */
const OwnCheck = v.omit(CheckSettings, ['functionArn']);

/** The functions find settings by the name, so that synthesis has to know it: an encoded token would name nothing. */
function known(property: string, name: string): string {
  if (!Token.isUnresolved(name)) return name;
  throw new PropInvalid(
    `${property} is only known at deployment, and names the settings. Write the name itself as text.`,
  );
}
