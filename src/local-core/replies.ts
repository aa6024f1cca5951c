/** Replies of the Device Defender service as AWS publishes them on `.../accepted` and `.../rejected`. */
export type MessageReply =
  | {
      readonly thingName: string
      readonly reportId: number
      readonly status: 'ACCEPTED'
      readonly timestamp: number
    }
  | {
      readonly thingName: string
      readonly reportId?: number
      readonly status: 'REJECTED'
      readonly statusDetails: { readonly ErrorCode: string; readonly ErrorMessage: string }
      readonly timestamp: number
    }
