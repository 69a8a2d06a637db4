import type { Verdict } from '../../../../../packages/consumer/contracts/verdicts/verdict.ts';

export interface Rows extends Partial<Readonly<Record<Verdict, string>>> {
  /** The operations that the pipeline's functions and the library call. */
  readonly operations: string;
}

/** Of each client of the SDK: the operations in use, and one row for each error that their models list. */
export const rows: Readonly<Record<string, Rows>> = {
  'secrets-manager': {
    operations: `DescribeSecret GetSecretValue ListSecretVersionIds ListSecrets PutSecretValue ReplicateSecretToRegions
      UpdateSecretVersionStage`,
    'not-now': 'DecryptionFailure EncryptionFailure InternalServiceError',
    wrong: `InvalidNextTokenException InvalidParameterException InvalidRequestException LimitExceededException
      ResourceExistsException ResourceNotFoundException`,
  },
  ssm: {
    operations: 'GetParameter GetParameterHistory GetParameters GetParametersByPath PutParameter',
    'not-now': 'InternalServerError TooManyUpdates',
    wrong: `HierarchyLevelLimitExceededException HierarchyTypeMismatchException IncompatiblePolicyException
      InvalidAllowedPatternException InvalidFilterKey InvalidFilterOption InvalidFilterValue InvalidKeyId InvalidNextToken
      InvalidPolicyAttributeException InvalidPolicyTypeException ParameterAlreadyExists ParameterLimitExceeded
      ParameterMaxVersionLimitExceeded ParameterNotFound ParameterPatternMismatchException ParameterVersionNotFound
      PoliciesLimitExceededException UnsupportedParameterType`,
  },
  lambda: {
    operations: `DeleteFunction GetAlias GetFunction GetProvisionedConcurrencyConfig Invoke PublishVersion UpdateAlias
      UpdateFunctionConfiguration`,
    'not-now': `CodeArtifactUserPendingException EC2ThrottledException EC2UnexpectedException EFSIOException
      EFSMountConnectivityException EFSMountTimeoutException ENILimitReachedException ENINotReadyException KMSDisabledException
      KMSInvalidStateException PreconditionFailedException ResourceConflictException ResourceNotReadyException
      S3FilesMountConnectivityException S3FilesMountTimeoutException ServiceException ServiceQuotaExceededException
      SnapStartNotReadyException SnapStartTimeoutException SubnetIPAddressLimitReachedException TooManyRequestsException`,
    wrong: `CodeArtifactUserDeletedException CodeArtifactUserFailedException CodeSigningConfigNotFoundException
      CodeStorageExceededException CodeVerificationFailedException DurableExecutionAlreadyStartedException
      EC2AccessDeniedException EFSMountFailureException FunctionVersionsPerCapacityProviderLimitExceededException
      InvalidCodeSignatureException InvalidParameterValueException InvalidRequestContentException InvalidRuntimeException
      InvalidSecurityGroupIDException InvalidSubnetIDException InvalidZipFileException KMSAccessDeniedException
      KMSNotFoundException ModeNotSupportedException NoPublishedVersionException ProvisionedConcurrencyConfigNotFoundException
      RecursiveInvocationException RequestTooLargeException ResourceNotFoundException S3FilesMountFailureException
      SerializedRequestEntityTooLargeException UnsupportedMediaTypeException`,
    unknown: 'SnapStartException SnapStartRegenerationFailureException',
  },
  dynamodb: {
    operations: 'PutItem Query',
    'not-now': `InternalServerError ProvisionedThroughputExceededException ReplicatedWriteConflictException RequestLimitExceeded
      ThrottlingException TransactionConflictException`,
    wrong: `ConditionalCheckFailedException InvalidEndpointException ItemCollectionSizeLimitExceededException
      ResourceNotFoundException`,
  },
  sfn: {
    operations: 'DescribeExecution ListExecutions StartExecution',
    'not-now': 'ExecutionLimitExceeded KmsInvalidStateException KmsThrottlingException',
    wrong: `ExecutionAlreadyExists ExecutionDoesNotExist InvalidArn InvalidExecutionInput InvalidName InvalidToken KmsAccessDeniedException
      ResourceNotFound StateMachineDeleting StateMachineDoesNotExist StateMachineTypeNotSupported ValidationException`,
  },
  eventbridge: {
    operations: 'DescribeEventBus PutEvents',
    'not-now': 'InternalException',
    wrong: 'ResourceNotFoundException',
  },
  bedrock: {
    operations: 'ListFoundationModels',
    'not-now': 'InternalServerException ThrottlingException',
    wrong: 'AccessDeniedException ValidationException',
  },
  'bedrock-runtime': {
    operations: 'Converse',
    'not-now': `InternalServerException ModelErrorException ModelNotReadyException ModelTimeoutException
      ServiceUnavailableException ThrottlingException`,
    wrong: 'AccessDeniedException ResourceNotFoundException ValidationException',
  },
  rds: {
    operations: 'DescribeDBClusters DescribeDBInstances DescribeDBProxyTargets ModifyDBCluster ModifyDBInstance',
    'not-now': `InsufficientDBInstanceCapacityFault InvalidDBCapacityReservationStateFault InvalidDBClusterStateFault
      InvalidDBInstanceStateFault InvalidDBProxyStateFault InvalidDBSecurityGroupStateFault InvalidDBSubnetGroupStateFault
      InvalidGlobalClusterStateFault KMSKeyNotAccessibleFault`,
    wrong: `AuthorizationNotFoundFault BackupPolicyNotFoundFault CertificateNotFoundFault DBCapacityReservationNotFoundFault
      DBClusterAlreadyExistsFault DBClusterNotFoundFault DBClusterParameterGroupNotFoundFault DBInstanceAlreadyExistsFault
      DBInstanceNotFoundFault DBParameterGroupNotFoundFault DBProxyNotFoundFault DBProxyTargetGroupNotFoundFault
      DBProxyTargetNotFoundFault DBSecurityGroupNotFoundFault DBSubnetGroupNotFoundFault DBUpgradeDependencyFailureFault
      DomainNotFoundFault InvalidSubnet InvalidVPCNetworkStateFault NetworkTypeNotSupported OptionGroupNotFoundFault
      ProvisionedIopsNotAvailableInAZFault StorageQuotaExceededFault StorageTypeNotAvailableFault StorageTypeNotSupportedFault
      TenantDatabaseQuotaExceededFault VpcEncryptionControlViolationException`,
  },
  iam: {
    operations: `CreateAccessKey CreateServiceSpecificCredential DeleteAccessKey DeleteServiceSpecificCredential
      GetAccessKeyLastUsed ListAccessKeys ListServiceSpecificCredentials`,
    'not-now': 'ServiceFailureException',
    wrong: 'LimitExceededException NoSuchEntityException ServiceNotSupportedException',
  },
  sts: { operations: 'GetCallerIdentity' },
  sns: {
    operations: 'Publish',
    'not-now': 'InternalErrorException KMSDisabledException KMSInvalidStateException KMSThrottlingException',
    wrong: `AuthorizationErrorException EndpointDisabledException InvalidParameterException InvalidParameterValueException
      KMSAccessDeniedException KMSNotFoundException KMSOptInRequired NotFoundException PlatformApplicationDisabledException
      ValidationException`,
    refused: 'InvalidSecurityException',
  },
};

/**
 * What any service may answer, and no model lists.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
 * https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors
 */
export const common: Readonly<Record<Verdict, string>> = {
  refused: `ExpiredToken ExpiredTokenException UnrecognizedClientException InvalidClientTokenId InvalidAccessKeyId
    InvalidSignatureException SignatureDoesNotMatch IncompleteSignature IncompleteSignatureException MissingAuthenticationToken
    MissingAuthenticationTokenException AuthFailure CredentialsProviderError TokenProviderError`,
  wrong: `AccessDenied AccessDeniedException NotAuthorized UnauthorizedOperation UnauthorizedException OptInRequired
    SubscriptionRequiredException MalformedHttpRequestException MalformedQueryString MalformedPolicyDocumentException
    RequestEntityTooLargeException UnknownOperationException ValidationError ValidationException InvalidAction
    InvalidParameterCombination InvalidParameterValue InvalidQueryParameter NotFoundException`,
  'not-now': `InternalFailure InternalError InternalServerError InternalServerException ServiceUnavailable
    ServiceUnavailableException RequestTimeout RequestTimeoutException RequestAbortedException RequestExpired Throttling
    ThrottlingException ThrottledException RequestThrottled RequestThrottledException TooManyRequestsException
    RequestLimitExceeded BandwidthLimitExceeded SlowDown PriorRequestNotComplete TransactionInProgressException TimeoutError
    DisabledException KMSInvalidStateException KMSInternalException DependencyTimeoutException KeyUnavailableException`,
  unknown: 'UnknownError SomethingThatIsNewException',
};
