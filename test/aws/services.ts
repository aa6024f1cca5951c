/** The services that the stand-in has unless told otherwise. */
import { greengrassService } from './greengrass/service.ts'
import { iamService } from './iam/service.ts'
import { iotService } from './iot.ts'
import { s3Service } from './s3/service.ts'
import type { ServiceFactory } from './service.ts'
import { stsService } from './sts.ts'

export const defaultServices: readonly ServiceFactory[] = [
  iotService,
  greengrassService,
  s3Service,
  stsService,
  iamService,
]
