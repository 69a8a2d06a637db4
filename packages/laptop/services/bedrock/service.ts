import type { Cloud, Service } from '../../cloud.ts';
import { controlPlaneOperations } from './control-plane.ts';
import { converseOperation } from './converse.ts';
import { invokeModelOperation } from './invoke-model.ts';
import { BedrockState } from './state.ts';

export interface BedrockService extends Service {
  /** Runtime and control plane are signed under one name. */
  readonly name: 'bedrock';
  readonly state: BedrockState;
}

/** Bedrock's models as stubs. https://docs.aws.amazon.com/bedrock/latest/APIReference/welcome.html */
export default function createBedrockService(_cloud: Cloud): BedrockService {
  const state = new BedrockState();
  return {
    name: 'bedrock',
    state,
    async schemas() {
      const [control, runtime] = await Promise.all([
        import('@aws-sdk/client-bedrock'),
        import('@aws-sdk/client-bedrock-runtime'),
      ]);
      return { ...control, ...runtime } as Record<string, unknown>;
    },
    operations: {
      ...controlPlaneOperations(state),
      Converse: converseOperation(state),
      InvokeModel: invokeModelOperation(state),
    },
    reset: () => state.clear(),
  };
}
