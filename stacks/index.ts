/** What an application's own CDK app imports: a pipeline, and the secrets in its care. */

// First: it refuses an older CDK before another module asks that CDK for what it lacks.
import './require-cdk.ts';

export type { CheckType } from '../pipeline/contracts/check-types.ts';
export { KeyturnError } from '../pipeline/contracts/errors.ts';
export type { EventPrivilege } from '../pipeline/contracts/event-requests.ts';
export type * from '../pipeline/contracts/manifest/entries/manifest-part-types.ts';
export type * from '../pipeline/contracts/manifest/entries/manifest-secret-types.ts';
export { readManifest } from '../pipeline/contracts/manifest/manifest-file.ts';
export type * from '../pipeline/contracts/manifest/manifest-types.ts';
export type { SecretKind } from '../pipeline/contracts/secret-kinds.ts';
export type { ApiKeyProvider } from '../pipeline/contracts/settings/api-key-providers.ts';
export type {
  ConsumerSettings,
  MirrorSettings,
  ParameterMirrorSettings,
  ReplicaMirrorSettings,
  ScheduleSettings,
} from '../pipeline/contracts/settings/secret-types.ts';
export { acknowledge } from './acknowledge.ts';
export type { CheckProps } from './check-props.ts';
export type { PipelineDashboard } from './dashboard.ts';
export type { FunctionNetwork } from './function-network.ts';
export { JwksEndpoint, type JwksEndpointProps } from './jwks-endpoint.ts';
export { ManifestStack, type ManifestStackProps } from './manifest-stack.ts';
export { ProxyLogins, type ProxyLoginsProps } from './proxy-logins.ts';
export {
  RotatedSecret,
  type RotatedSecretProps,
} from './rotated-secret.ts';
export type { RotationFunction } from './rotation-function.ts';
export { RotationPipeline, type RotationPipelineProps } from './rotation-pipeline.ts';
export type { ProxyLoginSecrets, RotatedSecretProxy, RotatorProps } from './rotator-props.ts';
export { WatchedParameter, type WatchedParameterProps } from './watched-parameter.ts';
export { WatchedSecret, type WatchedSecretProps } from './watched-secret.ts';
