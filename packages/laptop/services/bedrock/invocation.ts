import { type Access, AwsError, type Call } from '../../cloud.ts';
import { type Invocable, modelArn, namedArn, resolveModel } from './model-ids.ts';
import type { BedrockState } from './state.ts';

/**
 * The permissions that a call of a model needs: with a bearer key the right to use one; the model itself, or the profile
 * and the model in every region to which it may send the request.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
 */
export function invokeAccess(state: BedrockState) {
  return ({ modelId }: { modelId: string }, call: Call): Access[] => {
    const action = 'bedrock:InvokeModel';
    const resolved = tryResolve(state, modelId, call);
    if (!resolved || resolved.profileArns.length === 0) {
      return [...bearerAccess(call), { action, resource: namedArn(modelId, call.region, call.accountId) }];
    }
    const [profileArn] = resolved.profileArns as [string];
    const models = resolved.regions.map((region) => ({
      action,
      resource: modelArn(region, resolved.model.id),
      context: { 'bedrock:InferenceProfileArn': profileArn },
    }));
    return [...bearerAccess(call), { action, resource: profileArn }, ...models];
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-permissions.html */
export function bearerAccess(call: Call): Access[] {
  const token = /^Bearer\s+(\S+)$/i.exec(call.headers.authorization ?? '')?.[1];
  if (token === undefined) return [];
  const type = token.startsWith('bedrock-api-key-') ? 'SHORT_TERM' : 'LONG_TERM';
  return [{ action: 'bedrock:CallWithBearerToken', resource: '*', context: { 'bedrock:BearerTokenType': type } }];
}

// An id that stands for nothing is refused when the call is carried out, after its permissions.
function tryResolve(state: BedrockState, modelId: string, call: Call): Invocable | undefined {
  try {
    return resolveModel(state, modelId, call.region, call.accountId);
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

/** The model that answers. @throws AwsError when it is not there, past its end, not granted or not ready */
export function servingModel(state: BedrockState, modelId: string, call: Call): Invocable {
  const found = resolveModel(state, modelId, call.region, call.accountId);
  const { model } = found;
  if (model.endOfLife && call.cloud.clock.now() >= new Date(model.endOfLife)) {
    throw new AwsError(
      'ResourceNotFoundException',
      'This model version has reached the end of its life. Please refer to the AWS documentation for more details.',
      { httpStatus: 404 },
    );
  }
  const states = found.regions.map((region) => state.access(model.id, region === '' ? call.region : region));
  if (states.includes('denied')) {
    throw new AwsError('AccessDeniedException', "You don't have access to the model with the specified model ID.", {
      httpStatus: 403,
    });
  }
  if (states.includes('not-ready')) {
    throw new AwsError(
      'ModelNotReadyException',
      'The model specified in the request is not ready to serve inference requests. Wait and try again.',
      { httpStatus: 429 },
    );
  }
  return found;
}

export const validation = (message: string) => new AwsError('ValidationException', message);
