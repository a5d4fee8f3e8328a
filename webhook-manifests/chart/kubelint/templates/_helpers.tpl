{{- define "kubelint.selector" -}}
app.kubernetes.io/name: kubelint
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "kubelint.labels" -}}
{{ include "kubelint.selector" . }}
app.kubernetes.io/part-of: kubelint
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
{{- define "kubelint.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}
{{- /* One webhook: a dict of root, name, path, policy, conditions, rules (file names), mutating. */ -}}
{{- define "kubelint.webhook" -}}
- name: {{ .name }}.kubelint.dev
  admissionReviewVersions: [v1]
  clientConfig:
    {{- if eq .root.Values.certificates.mode "secret" }}
    caBundle: {{ .root.Values.certificates.caBundle }}
    {{- end }}
    service: {namespace: {{ .root.Release.Namespace }}, name: kubelint, port: 8443, path: {{ .path }}}
  failurePolicy: {{ .policy }}
  timeoutSeconds: {{ .root.Values.webhook.timeoutSeconds }}
  matchPolicy: Equivalent
  sideEffects: NoneOnDryRun
  {{- if .mutating }}
  reinvocationPolicy: IfNeeded
  {{- end }}
  namespaceSelector:
    matchExpressions:
    {{- if .mutating }}
    - {key: kubelint.dev/mutate, operator: In, values: [safe]}
    {{- end }}
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: {{ concat (list "kube-system" "kube-node-lease" .root.Release.Namespace) .root.Values.webhook.excludeNamespaces | uniq | toJson }}
  matchConditions:
  {{- .root.Files.Get (printf "files/%s" .conditions) | nindent 2 }}
  rules:
  {{- .root.Files.Get (printf "files/%s" .rules) | nindent 2 }}
{{- end }}
