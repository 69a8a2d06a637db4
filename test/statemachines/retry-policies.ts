import type { Retrier } from '../../packages/laptop/services/states/interpreter/definition.ts';

/** Codes of our own errors that another try does not help, and what a secret that is gone is answered with. */
export const permanentCodes = [
  'CandidateRejected',
  'FleetEmpty',
  'InputInvalid',
  'MirrorFailed',
  'PayloadInvalid',
  'RecycleOverdue',
  'RecycleRefused',
  'RequestNotAllowed',
  'ResourceNotFoundException',
  'RollBackImpossible',
  'RotationAbandoned',
  'RotationInGrace',
  'RotationInProgress',
  'SecretNotManaged',
  'SecretUnusable',
  'StepRefused',
  'TargetRefused',
  'TokenRefused',
  'UnsafeRotation',
  'VersionsUnrelated',
];

/** A verdict, and what a check cannot be asked for however often it is tried. */
const settledChecks = [
  'CheckFailed',
  'InputInvalid',
  'SecretMissing',
  'VersionMoved',
  'ConsumerMissing',
  'AnswerInvalid',
  'NoPublicKey',
  'WrongRegion',
];
const secretsManager = ['ResourceNotFound', 'InvalidParameter', 'InvalidRequest'].map(
  (name) => `SecretsManager.${name}Exception`,
);
const stepFunctions = [
  ...['ExecutionAlreadyExists', 'InvalidArn', 'InvalidExecutionInput', 'InvalidName', 'StateMachineDoesNotExist'],
].map((name) => `StepFunctions.${name}Exception`);

/** An expression of ours that fails will fail again. */
const never = (codes: readonly string[]): Retrier => ({
  ErrorEquals: [...codes, 'States.QueryEvaluationError'],
  MaxAttempts: 0,
});

/** Without jitter, which may draw a delay of nothing each time: a policy is to last as long as it says. */
const tries = (MaxAttempts: number, ErrorEquals = ['States.ALL']): Retrier => ({
  ErrorEquals,
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxDelaySeconds: 30,
  MaxAttempts,
});
const LONG = 40;
const SHORT = 8;
const FIRST = 4;

/**
 * The only ways in which a state may try again. `to-the-end`: everything but named permanent codes, for longer than the quarter
 * of an hour that a fail-over may take. `in-passing`: the same for two minutes and a half, where the story goes on without.
 */
export const policies = {
  'function, to the end': [never(permanentCodes), tries(LONG)],
  'function, in passing': [never(permanentCodes), tries(SHORT)],
  'question, in passing': [never([...permanentCodes, 'AccessDeniedException'].sort()), tries(SHORT)],
  'check, to the end': [never(settledChecks), tries(LONG)],
  'check, in passing': [never(settledChecks), tries(SHORT)],
  'check, at first': [never(settledChecks), tries(FIRST)],
  'Secrets Manager, to the end': [never(secretsManager), tries(LONG)],
  'Secrets Manager, in passing': [never(secretsManager), tries(SHORT)],
  'start, to the end': [never(stepFunctions), tries(LONG)],
  'start, in passing': [never(stepFunctions), tries(SHORT)],
  /** What failed inside the nested execution was tried again there. */
  'nested execution': [
    tries(LONG, [
      'StepFunctions.SdkClientException',
      'StepFunctions.AWSStepFunctionsException',
      'StepFunctions.ThrottlingException',
      'StepFunctions.ExecutionLimitExceededException',
      'StepFunctions.KmsThrottlingException',
      'StepFunctions.KmsInvalidStateException',
    ]),
  ],
  /** A consumer's function: its own errors are not tried again, so that it is named as lagging at once. */
  notice: [
    tries(SHORT, [
      'Lambda.SdkClientException',
      'Lambda.AWSLambdaException',
      'Lambda.ServiceException',
      'Lambda.TooManyRequestsException',
    ]),
    tries(2, ['Lambda.Unknown', 'Runtime.ExitError', 'Sandbox.Timedout', 'States.Timeout']),
  ],
} as const satisfies Record<string, readonly Retrier[]>;
export type PolicyName = keyof typeof policies;

/** The states that may give up before a quarter of an hour, each with what goes on without it. All others try to the end. */
export const exceptions: Readonly<Record<string, readonly [policy: PolicyName, why: string]>> = {
  Prepare: ['question, in passing', 'nothing has begun: the caller asks again'],
  SelectSecrets: ['question, in passing', 'nothing has begun: the caller asks again'],
  RotateSecret: ['Secrets Manager, in passing', 'nothing has begun, or DescribeRotation finds that it has'],
  RotateAgain: ['Secrets Manager, in passing', 'the next look asks again'],
  ReportStarted: ['function, in passing', 'the rotation matters more than its story'],
  ReportPromoted: ['function, in passing', 'consumers wait for the propagation'],
  ReportChecks: ['function, in passing', 'the verdict matters more than its story'],
  ReportPropagation: ['function, in passing', 'checks wait for the propagation'],
  ReportChecksAgain: ['function, in passing', 'the verdict matters more than its story'],
  ReportRetirementBlocked: ['function, in passing', 'the next look reports again'],
  RunCheck: ['check, at first', 'a credential that failed must not wait: RunChecksLonger asks again'],
  RunCheckAgain: ['check, in passing', 'the report of the roll-back says that it has no verdict'],
  AskCheck: ['check, in passing', 'the next look asks again'],
  NotifyConsumer: ['notice', 'the bound is the evidence'],
  RecycleConsumer: ['function, in passing', 'await-convergence goes on with it'],
  MirrorSecret: ['function, in passing', 'await-convergence and the retirement try again'],
  StartAwaitConvergence: ['start, in passing', 'the consumers are reported as lagging'],
};
