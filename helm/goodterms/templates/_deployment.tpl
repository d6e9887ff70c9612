{{/*
One Deployment. `args` and not `command`: the image's entry point is tini, which forwards a signal once and reaps children.
Call with a dict: root, component, lane (optional), command, secrets, grace, resources,
replicas (nil leaves the number to the autoscaler), documents (bool), web (bool).
*/}}
{{- define "goodterms.deployment" -}}
{{- $root := .root -}}
{{- $naming := list $root .component -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "goodterms.fullname" $root }}-{{ .component }}
  labels:
    {{- include "goodterms.labels" $naming | nindent 4 }}
spec:
  {{- if not (kindIs "invalid" .replicas) }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  selector:
    matchLabels:
      {{- include "goodterms.selector" $naming | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "goodterms.labels" $naming | nindent 8 }}
        {{- with .lane }}
        goodterms/lane: {{ . }}
        {{- end }}
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/settings: {{ include "goodterms.settings" $root | sha256sum }}
        {{- if $root.Values.secrets.create }}
        checksum/secrets: {{ toJson $root.Values.secrets.values | sha256sum }}
        {{- end }}
        {{- with $root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "goodterms.podCommon" $root | nindent 6 }}
      terminationGracePeriodSeconds: {{ .grace }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "goodterms.selector" $naming | nindent 14 }}
          matchLabelKeys:
            - pod-template-hash
      containers:
        - name: {{ .component }}
          image: {{ include "goodterms.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{ toJson .command }}
          securityContext:
            {{- include "goodterms.containerSecurity" $root | nindent 12 }}
          envFrom:
            - configMapRef:
                name: {{ include "goodterms.fullname" $root }}
          env:
            {{- include "goodterms.secretEnv" (list $root .secrets) | trim | nindent 12 }}
            {{- if not .web }}
            - name: GOODTERMS_HEARTBEAT
              value: /tmp/heartbeat
            {{- end }}
          {{- if .web }}
          ports:
            - name: http
              containerPort: 8000
              protocol: TCP
          lifecycle:
            preStop:
              sleep:
                seconds: 5
          {{- include "goodterms.webProbes" $root | trim | nindent 10 }}
          {{- else }}
          {{- include "goodterms.heartbeatProbes" $root | nindent 10 }}
          {{- end }}
          resources:
            {{- toYaml .resources | nindent 12 }}
          volumeMounts:
            - name: scratch
              mountPath: /tmp
            {{- if .documents }}
            - name: documents
              mountPath: {{ $root.Values.documents.path }}
            {{- end }}
      volumes:
        {{- include "goodterms.scratch" $root | nindent 8 }}
        {{- if .documents }}
        - name: documents
          persistentVolumeClaim:
            claimName: {{ include "goodterms.documentsClaim" $root }}
        {{- end }}
{{- end -}}
