package gpapi

import (
	"encoding/json"
	"errors"
	"fmt"
)

// errorResponse is the API's way of refusing.
type errorResponse struct {
	RequestID    string `json:"RequestId"`
	ErrorType    string
	ErrorMessage string
}

// wholeness is implemented by responses in which the absence of a field must
// not be taken for emptiness.
type wholeness interface {
	// missing names a field that the answer lacks; empty when it is whole.
	missing() string
}

// decodeResponse reads the answer to the action of that name into response, a
// pointer. The answer is a JSON object with the one key <action>Response.
func decodeResponse(action string, body []byte, response any) error {
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(body, &envelope); err != nil {
		return fmt.Errorf("the answer is not a JSON object: %w", err)
	}
	content, ok := envelope[action+"Response"]
	if !ok {
		return fmt.Errorf("the answer has no %sResponse", action)
	}
	if err := json.Unmarshal(content, response); err != nil {
		return fmt.Errorf("the answer is not a %sResponse: %w", action, err)
	}
	if response, ok := response.(wholeness); ok && response.missing() != "" {
		return errors.New("the answer lacks " + response.missing())
	}
	return nil
}

// decodeError reads an ErrorResponse; ok is false when the body holds none.
func decodeError(body []byte) (refusal errorResponse, ok bool) {
	var envelope struct{ ErrorResponse *errorResponse }
	if json.Unmarshal(body, &envelope) != nil || envelope.ErrorResponse == nil {
		return errorResponse{}, false
	}
	return *envelope.ErrorResponse, true
}
