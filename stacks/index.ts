export { readManifest } from '../pipeline/contracts/manifest-file.ts';
export type { SecretKind } from '../pipeline/contracts/secret-kinds.ts';
/** What an application's own CDK app imports: a pipeline, and the secrets in its care. */
export { acknowledge } from './acknowledge.ts';
export type { FunctionNetwork } from './bundled-function.ts';
export { JwksEndpoint, type JwksEndpointProps } from './jwks-endpoint.ts';
export { ManifestStack, type ManifestStackProps } from './manifest-stack.ts';
export { ProxyLogins, type ProxyLoginsProps } from './proxy-logins.ts';
export { RotatedSecret, type RotatedSecretProps, type RotatedSecretProxy } from './rotated-secret.ts';
export { RotationPipeline, type RotationPipelineProps } from './rotation-pipeline.ts';
export { WatchedParameter, type WatchedParameterProps } from './watched-parameter.ts';
export { WatchedSecret, type WatchedSecretProps } from './watched-secret.ts';
